<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Screens;

use OpenEMR\Modules\MassageBilling\Core\Database;

/** What the module keeps about one patient, for the summary card: one statement, over its indexes. */
final class PatientRecord
{
    /** Newest Tasks that are looked at: the outlooks of coming visits and the open holds are among them. */
    private const TASKS = 60;

    /**
     * @param list<Outlook> $coming of today and later, the next first
     * @param list<Hold> $holds the open ones
     * @param Answer|null $answer the newest of a payer
     */
    public function __construct(
        public readonly array $coming,
        public readonly array $holds,
        public readonly ?Answer $answer
    ) {
    }

    public static function find(Database $database, int $pid, string $today): self
    {
        $patient = Uuid::sql('p.uuid');
        $rows = $database->rows(
            "(SELECT r.json FROM patient_data p JOIN massage_billing_resource r ON r.type = ? AND r.patient = $patient
              WHERE p.pid = ? ORDER BY r.last_updated DESC LIMIT " . self::TASKS . ")
             UNION ALL
             (SELECT r.json FROM patient_data p JOIN massage_billing_resource r ON r.type = ? AND r.patient = $patient
              WHERE p.pid = ? ORDER BY r.last_updated DESC LIMIT 1)",
            ['Task', $pid, 'CoverageEligibilityResponse', $pid]
        );
        return self::sorted($rows, $today);
    }

    /** @param list<array<string, string|int|float|null>> $rows */
    private static function sorted(array $rows, string $today): self
    {
        $coming = $holds = [];
        $answer = null;
        foreach ($rows as $row) {
            $resource = Json::read($row['json']);
            if (Json::text($resource, 'resourceType') === 'CoverageEligibilityResponse') {
                $answer = Answer::read($resource);
            } elseif (($outlook = Outlook::read($resource)) !== null) {
                if ($outlook->day >= $today) {
                    $coming[] = $outlook;
                }
            } elseif (($hold = Hold::read($resource)) !== null && $hold->open) {
                $holds[] = $hold;
            }
        }
        usort($coming, static fn(Outlook $one, Outlook $other): int => $one->day <=> $other->day);
        return new self($coming, $holds, $answer);
    }

    /**
     * What ends or falls due next, on or after a day: of the coming visits and of what is held.
     *
     * @return array{what: string, on: string}|null
     */
    public function nextDeadline(string $today): ?array
    {
        $all = [];
        foreach ($this->coming as $outlook) {
            $all = [...$all, ...$outlook->clocks];
        }
        foreach ($this->holds as $hold) {
            if ($hold->fileBy !== '') {
                $all[] = ['what' => 'file a held visit', 'on' => $hold->fileBy];
            }
        }
        $left = array_filter($all, static fn(array $clock): bool => $clock['on'] >= $today);
        usort($left, static fn(array $one, array $other): int => $one['on'] <=> $other['on']);
        return $left[0] ?? null;
    }
}
