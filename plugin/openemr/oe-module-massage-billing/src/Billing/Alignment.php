<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Billing;

/**
 * Which row of the table becomes which line of the Claim, in order and with the fewest changes: core makes the lines of
 * the 837P, and the order of its diagnoses, from the order of the rows.
 */
final class Alignment
{
    /**
     * The rows that stay, one for each of the first lines; those not named are taken off, lines without a row are added
     * at the end.
     *
     * @param list<string> $rows digests of the rows, in the table's order
     * @param list<string> $lines digests of the lines, in the Claim's order
     * @return list<int> index of the row for each line
     */
    public static function of(array $rows, array $lines): array
    {
        $most = min(count($rows), count($lines));
        if (count($rows) <= count($lines)) {
            return array_keys($rows);
        }
        // cost[i][j]: fewest changes that make the first j lines of the first i rows
        $cost = array_fill(0, count($rows) + 1, array_fill(0, $most + 1, PHP_INT_MAX));
        for ($i = 0; $i <= count($rows); $i++) {
            $cost[$i][0] = 0;
        }
        for ($i = 1; $i <= count($rows); $i++) {
            for ($j = 1; $j <= min($i, $most); $j++) {
                $taken = $cost[$i - 1][$j - 1] + (int) ($rows[$i - 1] !== $lines[$j - 1]);
                $cost[$i][$j] = min($taken, $cost[$i - 1][$j]);
            }
        }
        $chosen = [];
        for ($i = count($rows), $j = $most; $j > 0; $i--) {
            if ($cost[$i - 1][$j] > $cost[$i][$j] || $cost[$i - 1][$j] === PHP_INT_MAX) {
                array_unshift($chosen, $i - 1);
                $j--;
            }
        }
        return $chosen;
    }
}
