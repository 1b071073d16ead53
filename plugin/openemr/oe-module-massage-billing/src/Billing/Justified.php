<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Billing;

/** Whether rows that are not the module's justify with a diagnosis. */
final class Justified
{
    /**
     * @param array<int, array<string, mixed>> $sheet rows of billing by id
     * @param list<LedgerRow> ...$ours
     */
    public static function byOthers(array $sheet, LedgerRow $diagnosis, array ...$ours): bool
    {
        $own = [];
        foreach (array_merge(...$ours) as $row) {
            $own[$row->kind === 'misc' ? -1 : $row->id] = true;
        }
        $code = preg_quote((string) ($sheet[$diagnosis->id]['code'] ?? ''), '/');
        foreach ($sheet as $id => $row) {
            if (
                !isset($own[$id]) && (int) $row['activity'] === 1
                && (int) $row['encounter'] === $diagnosis->encounter
                && preg_match("/(^|[:|,])$code([:,]|$)/", (string) $row['justify'])
            ) {
                return true;
            }
        }
        return false;
    }
}
