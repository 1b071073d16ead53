<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Billing;

use OpenEMR\Modules\MassageBilling\Core\Database;

/**
 * The form "Misc Billing Options" of an encounter: the only way of an authorization number, a payer's claim number and
 * a claim frequency into core's 837P. A person's form is read, never written.
 */
final class MiscForm
{
    private const FORMDIR = 'misc_billing_options';
    private const NAME = 'Misc Billing Options';
    /** Columns that say who and where, not what. */
    private const NOT_SAID = ['id', 'date', 'pid', 'user', 'groupname', 'authorized', 'activity', 'encounter'];

    public function __construct(private readonly Database $database, private readonly Author $author)
    {
    }

    /**
     * What has to be done so that the encounter's form says what the Claim says.
     *
     * @param LedgerRow|null $own the form the module wrote
     * @param bool $anew a person asks to write again what a person deleted
     */
    public function plan(PlacedVisit $visit, ?LedgerRow $own, bool $anew): MiscPlan
    {
        $live = $this->live($visit->pid, $visit->encounter);
        $mine = $own === null ? null : ($live[$own->id] ?? null);
        foreach ($live as $id => $form) {
            $isPersons = $mine === null || $id !== $own?->id || self::digest($form) !== $own->digest;
            if ($isPersons) {
                $column = $this->contradiction($form, $visit->options);
                return $column === null ? new MiscPlan(MiscPlan::LEAVE, $own)
                    : new MiscPlan(MiscPlan::CONFLICT, $own, Conflict::form($id, $column));
            }
        }
        if ($mine !== null) {
            $changes = $this->differences($mine, $visit->options);
            return new MiscPlan(match (true) {
                $visit->options->isPlain() => MiscPlan::REMOVE,
                $changes === [] => MiscPlan::KEEP,
                default => MiscPlan::UPDATE,
            }, $own);
        }
        if ($visit->options->isPlain()) {
            return new MiscPlan(MiscPlan::LEAVE, $own);
        }
        if ($own !== null && !$anew) {
            return new MiscPlan(MiscPlan::CONFLICT, $own, Conflict::formDeleted($own->id));
        }
        return new MiscPlan(MiscPlan::CREATE, $own);
    }

    /**
     * Do it.
     *
     * @return array{int, string}|null id and digest of the form that is the module's now; null: there is none
     */
    public function apply(PlacedVisit $visit, MiscPlan $plan): ?array
    {
        $own = $plan->own;
        if ($plan->action === MiscPlan::CREATE) {
            return $this->create($visit);
        }
        if ($plan->action === MiscPlan::REMOVE && $own !== null) {
            $this->remove($visit->pid, $visit->encounter, $own->id);
            return null;
        }
        if ($plan->action === MiscPlan::UPDATE && $own !== null) {
            $this->write($own->id, $visit->options->columns());
            return [$own->id, $this->digestOf($own->id)];
        }
        return $plan->action === MiscPlan::KEEP && $own !== null ? [$own->id, $own->digest] : null;
    }

    /** Take the module's form off, where it still is as it was written. */
    public function withdraw(int $pid, LedgerRow $own): void
    {
        $form = $this->live($pid, $own->encounter)[$own->id] ?? null;
        if ($form !== null && self::digest($form) === $own->digest) {
            $this->remove($pid, $own->encounter, $own->id);
        }
    }

    /**
     * Forms as core's Claim::getMiscBillingOptions finds them.
     *
     * @return array<int, array<string, mixed>> by id
     */
    private function live(int $pid, int $encounter): array
    {
        $rows = $this->database->rows(
            'SELECT m.* FROM forms f JOIN form_misc_billing_options m ON m.id = f.form_id '
            . 'WHERE f.pid = ? AND f.encounter = ? AND f.deleted = 0 AND f.formdir = ? ORDER BY f.date FOR UPDATE',
            [$pid, $encounter, self::FORMDIR]
        );
        return array_combine(array_map('intval', array_column($rows, 'id')), $rows);
    }

    /**
     * Where a person's form says something else than the Claim; null: nowhere. An authorization number or an accident
     * that only the person's form tells stays.
     *
     * @param array<string, mixed> $form
     */
    private function contradiction(array $form, MiscOptions $options): ?string
    {
        $wanted = $options->columns();
        $asked = ['replacement_claim', 'icn_resubmission_number'];
        if ($options->authorization !== '') {
            $asked[] = 'prior_auth_number';
        }
        if ($options->accident !== '') {
            array_push($asked, 'employment_related', 'auto_accident', 'other_accident');
        }
        foreach ($asked as $column) {
            if (self::plain($form[$column] ?? null) !== self::plain($wanted[$column])) {
                return $column;
            }
        }
        return null;
    }

    /**
     * @param array<string, mixed> $form
     * @return array<string, string|int>
     */
    private function differences(array $form, MiscOptions $options): array
    {
        return array_filter(
            $options->columns(),
            static fn(mixed $value, string $name): bool => self::plain($value) !== self::plain($form[$name] ?? null),
            ARRAY_FILTER_USE_BOTH
        );
    }

    /** @return array{int, string} */
    private function create(PlacedVisit $visit): array
    {
        // The table allows one row an encounter, a deleted form's too. Core's own page would write over that row; here
        // it keeps what it says and lets go of the encounter.
        $this->database->change(
            'UPDATE form_misc_billing_options SET encounter = NULL WHERE encounter = ?',
            [$visit->encounter]
        );
        $columns = [
            'date' => $this->author->now(), 'pid' => $visit->pid, 'user' => $this->author->name(),
            'groupname' => $this->author->group(), 'authorized' => 1, 'activity' => 1, 'encounter' => $visit->encounter,
        ] + $visit->options->columns();
        $id = $this->insert('form_misc_billing_options', $columns);
        $this->insert('forms', [
            'date' => $this->author->now(), 'encounter' => $visit->encounter, 'form_name' => self::NAME,
            'form_id' => $id, 'pid' => $visit->pid, 'user' => $this->author->name(),
            'groupname' => $this->author->group(), 'authorized' => 1, 'deleted' => 0, 'formdir' => self::FORMDIR,
        ]);
        return [$id, $this->digestOf($id)];
    }

    private function remove(int $pid, int $encounter, int $id): void
    {
        $this->database->change(
            'UPDATE forms SET deleted = 1 WHERE form_id = ? AND pid = ? AND encounter = ? AND formdir = ?',
            [$id, $pid, $encounter, self::FORMDIR]
        );
    }

    /** @param array<string, string|int> $columns */
    private function write(int $id, array $columns): void
    {
        $sets = implode(', ', array_map(static fn(string $name): string => "`$name` = ?", array_keys($columns)));
        $this->database->change(
            "UPDATE form_misc_billing_options SET $sets WHERE id = ?",
            [...array_values($columns), $id]
        );
    }

    /** @param array<string, string|int> $columns */
    private function insert(string $table, array $columns): int
    {
        $names = '`' . implode('`, `', array_keys($columns)) . '`';
        $marks = implode(', ', array_fill(0, count($columns), '?'));
        return $this->database->insert("INSERT INTO `$table` ($names) VALUES ($marks)", array_values($columns));
    }

    private function digestOf(int $id): string
    {
        $form = $this->database->row('SELECT * FROM form_misc_billing_options WHERE id = ?', [$id]);
        return self::digest($form ?? []);
    }

    /**
     * Digest of all that a form says, in whichever columns this version of core has.
     *
     * @param array<string, mixed> $form
     */
    private static function digest(array $form): string
    {
        $said = array_filter(array_map([self::class, 'plain'], array_diff_key($form, array_flip(self::NOT_SAID))));
        ksort($said);
        return hash('sha256', (string) json_encode($said, JSON_THROW_ON_ERROR));
    }

    /** A column's text, "" for the many ways in which core writes that nothing was entered. */
    private static function plain(mixed $value): string
    {
        $text = trim((string) $value);
        return in_array($text, ['0', '0.00', '0000-00-00'], true) ? '' : $text;
    }
}
