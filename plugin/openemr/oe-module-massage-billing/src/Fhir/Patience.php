<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Fhir;

/** Does a transaction again that the database gave up because another was in its way; nothing of it was kept. */
final class Patience
{
    private const TRIES = 8;

    /**
     * @template T
     * @param callable(): T $work a whole transaction, no part of one
     * @return T
     */
    public static function with(callable $work): mixed
    {
        for ($try = 1;; $try++) {
            try {
                return $work();
            } catch (\Exception $fault) {
                if (!self::isDeadlock($fault)) {
                    throw $fault;
                }
                if ($try === self::TRIES) {
                    throw new Refused(503, 'lock-error', 'Too much is written at the same time; try again.');
                }
                usleep(random_int(1000, 5000 * $try));
            }
        }
    }

    /** MariaDB's errors 1213 and 1205; core hands on only their text. */
    private static function isDeadlock(\Exception $fault): bool
    {
        return !$fault instanceof Refused
            && preg_match('/Deadlock found|Lock wait timeout exceeded/', $fault->getMessage()) === 1;
    }
}
