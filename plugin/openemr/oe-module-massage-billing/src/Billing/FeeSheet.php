<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Billing;

use OpenEMR\Modules\MassageBilling\Core\Database;

/**
 * Rows of core's table billing, written as its fee sheet writes them (library/FeeSheet.class.php save,
 * BillingUtilities::addBilling).
 */
final class FeeSheet
{
    public function __construct(private readonly Database $database, private readonly Author $author)
    {
    }

    /**
     * All rows of some encounters, deleted ones too, in the order in which core makes lines of them; locked, so that
     * neither a person's save nor Billing Manager comes between reading and writing.
     *
     * @param list<int> $encounters
     * @return array<int, array<string, mixed>> by id, each with "charge": whether it would stand on a claim or costs
     */
    public function rows(int $pid, array $encounters): array
    {
        if ($encounters === []) {
            return [];
        }
        $marks = implode(', ', array_fill(0, count($encounters), '?'));
        $rows = $this->database->rows(
            "SELECT * FROM billing WHERE pid = ? AND encounter IN ($marks) ORDER BY date, id FOR UPDATE",
            [$pid, ...$encounters]
        );
        $claimed = array_column($this->database->rows(
            'SELECT ct_key FROM code_types WHERE ct_claim = 1 AND ct_active = 1 AND ct_diag = 0'
        ), 'ct_key');
        $found = [];
        foreach ($rows as $row) {
            // COPAY rows, of old versions, are what was paid and no charge.
            $row['charge'] = $row['code_type'] !== 'COPAY'
                && ((float) $row['fee'] !== 0.0 || in_array($row['code_type'], $claimed, true));
            $found[(int) $row['id']] = $row;
        }
        return $found;
    }

    public function add(PlacedVisit $visit, FeeRow $row): int
    {
        $columns = $row->columns + [
            'date' => $this->author->now(),
            'pid' => $visit->pid,
            'encounter' => $visit->encounter,
            'user' => $this->author->id(),
            'groupname' => $this->author->group(),
            'authorized' => 1,
            'activity' => 1,
            'billed' => 0,
            'bill_process' => 0,
            'ndc_info' => '',
            'pricelevel' => $visit->pricelevel,
            'revenue_code' => '',
        ];
        $names = '`' . implode('`, `', array_keys($columns)) . '`';
        $marks = implode(', ', array_fill(0, count($columns), '?'));
        return $this->database->insert("INSERT INTO billing ($names) VALUES ($marks)", array_values($columns));
    }

    /** @param array<string, string|int> $columns */
    public function change(int $id, array $columns): void
    {
        $sets = implode(', ', array_map(static fn(string $name): string => "`$name` = ?", array_keys($columns)));
        $this->database->change("UPDATE billing SET $sets WHERE id = ?", [...array_values($columns), $id]);
    }

    /** Take a row off, as core's fee sheet deletes one; or put it back on. */
    public function activate(int $id, bool $active): void
    {
        $this->database->change('UPDATE billing SET activity = ? WHERE id = ?', [(int) $active, $id]);
    }

    /** Sum of fees, in cents, of active rows. @param list<int> $ids */
    public function total(array $ids): int
    {
        if ($ids === []) {
            return 0;
        }
        $marks = implode(', ', array_fill(0, count($ids), '?'));
        $sum = $this->database->value("SELECT SUM(fee) FROM billing WHERE activity = 1 AND id IN ($marks)", $ids);
        return (int) Money::cents((string) $sum);
    }
}
