<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Billing;

/** Money as whole cents: nothing is added or compared as a float. */
final class Money
{
    /** What billing.fee holds, decimal(12,2): ten digits of dollars. */
    private const FORM = '/^(\d{1,10})(?:\.(\d{1,2})0*)?$/';

    /** Cents of a decimal as it was written, "48.50"; null where it is none, is negative, or finer than a cent. */
    public static function cents(mixed $dollars): ?int
    {
        if (is_float($dollars)) {
            // The shortest text of a float that came from "48.5" is "48.5": cents are read from that, never rounded.
            $dollars = is_finite($dollars) ? json_encode($dollars, JSON_THROW_ON_ERROR) : '';
        }
        if (is_int($dollars)) {
            $dollars = (string) $dollars;
        }
        if (!is_string($dollars) || !preg_match(self::FORM, $dollars, $found)) {
            return null;
        }
        return (int) $found[1] * 100 + (int) str_pad($found[2] ?? '', 2, '0');
    }

    /** "97.00", as a column decimal(12,2) holds it. */
    public static function decimal(int $cents): string
    {
        return sprintf('%d.%02d', intdiv($cents, 100), $cents % 100);
    }
}
