<?php

/**
 * What OpenEMR's module manager calls around its buttons. Core wants this class in the global namespace, and registers
 * the namespace that it names.
 */

declare(strict_types=1);

use OpenEMR\Core\AbstractModuleActionListener;
use OpenEMR\Modules\MassageBilling\Boundary;
use OpenEMR\Modules\MassageBilling\Install\Wiring;

class ModuleManagerListener extends AbstractModuleActionListener
{
    /**
     * @param string $methodName "preinstall", "install", "preenable", "enable", "disable", "unregister" …
     * @param int|string $modId modules.mod_id
     * @return string "Success", or what is shown instead
     */
    public function moduleManagerAction($methodName, $modId, string $currentActionStatus = 'Success'): string
    {
        return match ($methodName) {
            'preinstall', 'preenable', 'preinstall_sql', 'preupgrade_sql' => self::mayGoOn($currentActionStatus),
            'install', 'install_sql', 'upgrade_sql' => self::after($currentActionStatus, static function (): string {
                Wiring::lifecycle()->installed();
                return 'Success';
            }),
            'enable' => self::after($currentActionStatus, static fn(): string => Wiring::lifecycle()->enabled()),
            'disable' => self::after($currentActionStatus, static function (): string {
                Wiring::lifecycle()->disabled();
                return 'Success';
            }),
            'unregister' => self::after($currentActionStatus, static function () use ($modId): string {
                Wiring::lifecycle()->unregistered((int) $modId);
                return 'Success';
            }),
            default => $currentActionStatus,
        };
    }

    public static function getModuleNamespace(): string
    {
        return 'OpenEMR\\Modules\\MassageBilling\\';
    }

    public static function initListenerSelf(): self
    {
        return new self();
    }

    /** Core goes on whatever is answered: to refuse is to answer its request in its place, before it did anything. */
    private static function mayGoOn(string $status): string
    {
        $refusal = 'Massage billing could not look at this OpenEMR, and nothing was changed.';
        $refusal = Boundary::guard('self-check', static fn(): ?string => Wiring::lifecycle()->refusal(), $refusal);
        if ($refusal === null) {
            return $status;
        }
        echo json_encode(['status' => $refusal, 'output' => ''], JSON_THROW_ON_ERROR);
        exit(0);
    }

    /** What core did has failed already where its status is not "Success"; then nothing is added to it. */
    private static function after(string $status, callable $work): string
    {
        if (strcasecmp($status, xlt('Success')) !== 0 && strcasecmp($status, 'Success') !== 0) {
            return $status;
        }
        $problem = 'Massage billing could not finish this; the log of the server tells where it failed.';
        $answer = Boundary::guard('module manager', $work, $problem);
        return $answer === 'Success' ? $status : $answer;
    }
}
