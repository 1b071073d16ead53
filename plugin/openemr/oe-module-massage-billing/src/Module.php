<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling;

use OpenEMR\Modules\MassageBilling\Core\Access;
use OpenEMR\Modules\MassageBilling\Core\Audit;
use OpenEMR\Modules\MassageBilling\Core\Clock;
use OpenEMR\Modules\MassageBilling\Core\Database;
use OpenEMR\Modules\MassageBilling\Core\OpenEmrAccess;
use OpenEMR\Modules\MassageBilling\Core\OpenEmrAudit;
use OpenEMR\Modules\MassageBilling\Core\OpenEmrDatabase;
use OpenEMR\Modules\MassageBilling\Core\OpenEmrSecrets;
use OpenEMR\Modules\MassageBilling\Core\Secrets;
use OpenEMR\Modules\MassageBilling\Core\SystemClock;

/** What one request works with, each thing made when it is first asked for. The one place that wires. */
final class Module
{
    private static ?self $instance = null;

    private ?Database $database = null;
    private ?Access $access = null;

    /** The module of this request. */
    public static function get(): self
    {
        return self::$instance ??= new self();
    }

    /** The folder the module is installed in. */
    public static function folder(): string
    {
        return dirname(__DIR__);
    }

    public function database(): Database
    {
        return $this->database ??= new OpenEmrDatabase();
    }

    public function clock(): Clock
    {
        return new SystemClock();
    }

    public function access(): Access
    {
        return $this->access ??= new OpenEmrAccess();
    }

    public function audit(): Audit
    {
        return new OpenEmrAudit($this->access());
    }

    public function secrets(): Secrets
    {
        return new OpenEmrSecrets();
    }
}
