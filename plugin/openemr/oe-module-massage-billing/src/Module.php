<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling;

use OpenEMR\Modules\MassageBilling\Billing\Answers;
use OpenEMR\Modules\MassageBilling\Billing\ClaimPosting;
use OpenEMR\Modules\MassageBilling\Billing\StoredConflictTasks;
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
use OpenEMR\Modules\MassageBilling\Fhir\Base;
use OpenEMR\Modules\MassageBilling\Fhir\Metadata;
use OpenEMR\Modules\MassageBilling\Fhir\OpenEmrBase;
use OpenEMR\Modules\MassageBilling\Fhir\References;
use OpenEMR\Modules\MassageBilling\Fhir\ResourceStore;
use OpenEMR\Modules\MassageBilling\Fhir\Rest;
use OpenEMR\Modules\MassageBilling\Fhir\Routes;
use OpenEMR\Modules\MassageBilling\Fhir\Source;
use OpenEMR\Modules\MassageBilling\Procedure\Asked;
use OpenEMR\Modules\MassageBilling\Procedure\Hooks as Procedures;

/** What one request works with, each thing made when it is first asked for. The one place that wires. */
final class Module
{
    private static ?self $instance = null;

    private ?Database $database = null;
    private ?Access $access = null;
    private ?Base $base = null;
    private ?ResourceStore $resources = null;

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

    /** What becomes of Claims on the fee sheet. */
    public function posting(): ClaimPosting
    {
        $tasks = new StoredConflictTasks(fn(): ResourceStore => $this->resources(), $this->database(), $this->clock());
        return new ClaimPosting($this->database(), $this->access(), $this->clock(), $this->audit(), $tasks);
    }

    /** The resources that the module keeps; a Claim that is written becomes billing rows with it. */
    public function resources(): ResourceStore
    {
        if ($this->resources === null) {
            $references = new References($this->database(), $this->computed());
            $this->resources = new ResourceStore($this->database(), $this->clock(), $references, $this->base());
            $this->resources->afterWrite($this->posting());
        }
        return $this->resources;
    }

    /** The module's routes of the FHIR API. */
    public function routes(): Routes
    {
        $computed = $this->computed();
        $rest = new Rest(
            $this->resources(),
            $computed,
            $this->base(),
            $this->clock(),
            $this->access(),
            $this->audit()
        );
        $sources = array_values($computed);
        return new Routes($rest, new Metadata($sources, ['Procedure' => Asked::PARAMETERS]), $sources);
    }

    private function base(): Base
    {
        return $this->base ??= new OpenEmrBase();
    }

    /**
     * What is made of core's tables when it is asked for, by resource type.
     *
     * @return array<string, Source>
     */
    private function computed(): array
    {
        $found = [];
        foreach ([new Answers($this->database()), ...Procedures::sources()] as $source) {
            $found[$source->type()] = $source;
        }
        return $found;
    }
}
