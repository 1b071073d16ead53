<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling;

use OpenEMR\Common\Logging\SystemLogger;

/**
 * The line at which a fault of ours ends: whatever breaks behind it, the page it was hooked into stays whole.
 *
 * A fault is logged by its class and place, never by its message, which may hold what a patient's record says.
 */
final class Boundary
{
    /**
     * Do something of ours inside a page of core's.
     *
     * @template T
     * @param string $where what was being done, "patient card"
     * @param callable(): T $work
     * @param T $instead what is given where it fails
     * @return T
     */
    public static function guard(string $where, callable $work, mixed $instead = null): mixed
    {
        $level = ob_get_level();
        ob_start();
        try {
            $result = $work();
            ob_end_flush();
            return $result;
        } catch (\Throwable $fault) {
            while (ob_get_level() > $level) {
                ob_end_clean();
            }
            self::log($where, $fault);
            return $instead;
        }
    }

    /** Write down that something of ours failed. */
    public static function log(string $where, \Throwable $fault): void
    {
        $place = basename($fault->getFile()) . ':' . $fault->getLine();
        try {
            (new SystemLogger())->error("massage-billing: $where failed: " . $fault::class . " at $place");
        } catch (\Throwable) {
            error_log("massage-billing: $where failed at $place");
        }
    }
}
