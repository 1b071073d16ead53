<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Fhir;

use OpenEMR\Modules\MassageBilling\Core\Clock;
use OpenEMR\Modules\MassageBilling\Core\Database;
use OpenEMR\Modules\MassageBilling\Fhir\Base;
use OpenEMR\Modules\MassageBilling\Fhir\References;
use OpenEMR\Modules\MassageBilling\Fhir\ResourceStore;

/** The URL of the test's server, and a store that is under it. */
final class TestBase implements Base
{
    public const URL = 'https://clinic.example/apis/default/fhir';

    public function url(): string
    {
        return self::URL;
    }

    public static function store(Database $database, Clock $clock): ResourceStore
    {
        return new ResourceStore($database, $clock, new References($database), new self());
    }
}
