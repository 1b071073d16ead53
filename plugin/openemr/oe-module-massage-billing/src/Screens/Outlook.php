<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Screens;

/**
 * What is known ahead of one appointment: a Task with code visit-outlook, as the Python side wrote it.
 *
 * Everything in it was decided there; here it is only read. Days are ISO dates, "" where nothing was said.
 */
final class Outlook
{
    /**
     * @param string $appointment uuid of the calendar's row
     * @param string $day day of the appointment
     * @param string $judgedOn day on which this was found
     * @param list<string> $toSettle what was found and what to do, the worst first
     * @param list<string> $told what is only told
     * @param string $standing what the payer said: "in-force", "not-in-force", …; "" where it was not asked
     * @param int|null $visitsLeft at most so many, this appointment included; null: nothing limits, or nobody says
     * @param string $binds what gives that number: "plan", "authorization", …
     * @param list<array{what: string, on: string}> $clocks what ends or falls due, the next first
     */
    public function __construct(
        public readonly string $appointment,
        public readonly string $day,
        public readonly string $judgedOn,
        public readonly Readiness $readiness,
        public readonly array $toSettle,
        public readonly array $told,
        public readonly bool $patientPays,
        public readonly string $payer,
        public readonly string $standing,
        public readonly string $answeredOn,
        public readonly ?int $visitsLeft,
        public readonly string $binds,
        public readonly string $visitsTold,
        public readonly string $authorization,
        public readonly string $authorizationEnds,
        public readonly ?int $authorizationLeft,
        public readonly array $clocks,
        public readonly string $cost
    ) {
    }

    /**
     * The outlook that a Task holds; null where it is another Task.
     *
     * @param array<string, mixed> $task
     */
    public static function read(array $task): ?self
    {
        if (!Json::coded($task['code'] ?? null, Names::TASK_CODE, Names::VISIT_OUTLOOK)) {
            return null;
        }
        if (Json::text($task, 'status') === 'entered-in-error') {
            return null;
        }
        $said = self::outputs($task);
        return new self(
            Json::id($task['focus'] ?? null, 'Appointment'),
            substr(Json::text($task, 'executionPeriod', 'start'), 0, 10),
            Json::text($said, 'judged-on', 0, 'valueDate'),
            Readiness::of(Json::text($said, 'readiness', 0, 'valueCode')),
            self::texts($said, 'to-settle'),
            self::texts($said, 'told'),
            Json::at($said, 'patient-pays', 0, 'valueBoolean') === true,
            Json::text($said, 'payer', 0, 'valueString'),
            Json::text($said, 'standing', 0, 'valueCode'),
            Json::text($said, 'answered-on', 0, 'valueDate'),
            self::number($said, 'visits-left'),
            Json::text($said, 'binds', 0, 'valueString'),
            Uuid::shortened(Json::text($said, 'visits-left-told', 0, 'valueString')),
            Json::text($said, 'authorization', 0, 'valueString'),
            Json::text($said, 'authorization-ends', 0, 'valueDate'),
            self::number($said, 'authorization-left'),
            self::clocks($said),
            self::cost($said)
        );
    }

    /** How it is shown on a day: what was found on an earlier one is never shown as if it held now. */
    public function shownOn(string $today): Readiness
    {
        return $this->judgedOn >= $today ? $this->readiness : Readiness::Old;
    }

    /**
     * @param array<string, mixed> $task
     * @return array<string, list<array<string, mixed>>> by code
     */
    private static function outputs(array $task): array
    {
        $found = [];
        foreach (Json::objects($task, 'output') as $output) {
            foreach (Json::objects($output, 'type', 'coding') as $coding) {
                if (($coding['system'] ?? '') === Names::OUTLOOK) {
                    $found[Json::text($coding, 'code')][] = $output;
                }
            }
        }
        return $found;
    }

    /**
     * @param array<string, list<array<string, mixed>>> $said
     * @return list<string>
     */
    private static function texts(array $said, string $code): array
    {
        $texts = array_map(
            static fn(array $one): string => Uuid::shortened(Json::text($one, 'valueCodeableConcept', 'text')),
            $said[$code] ?? []
        );
        return array_values(array_filter($texts));
    }

    /** @param array<string, list<array<string, mixed>>> $said */
    private static function number(array $said, string $code): ?int
    {
        $found = Json::at($said, $code, 0, 'valueUnsignedInt');
        return is_int($found) ? $found : null;
    }

    /**
     * @param array<string, list<array<string, mixed>>> $said
     * @return list<array{what: string, on: string}>
     */
    private static function clocks(array $said): array
    {
        $found = [];
        foreach ($said['clock'] ?? [] as $clock) {
            $on = Json::text($clock, 'valueDate');
            if ($on !== '') {
                $found[] = ['what' => Json::text($clock, 'type', 'text'), 'on' => $on];
            }
        }
        return $found;
    }

    /** @param array<string, list<array<string, mixed>>> $said */
    private static function cost(array $said): string
    {
        $low = Json::at($said, 'cost', 0, 'valueRange', 'low', 'value');
        $high = Json::at($said, 'cost', 0, 'valueRange', 'high', 'value');
        if (!is_numeric($low)) {
            return is_numeric($high) ? 'at most ' . self::dollars($high) : '';
        }
        if (!is_numeric($high)) {
            return 'at least ' . self::dollars($low);
        }
        return (float) $low === (float) $high
            ? self::dollars($low)
            : self::dollars($low) . ' to ' . self::dollars($high);
    }

    private static function dollars(int|float|string $amount): string
    {
        return '$' . number_format((float) $amount, 2);
    }
}
