<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Fhir;

use OpenEMR\FHIR\Config\ServerConfig;

/** The base that core itself tells: the site address of the connector settings, the web root and the site. */
final class OpenEmrBase implements Base
{
    private ?string $url = null;

    public function url(): string
    {
        return $this->url ??= rtrim((new ServerConfig())->getFhirUrl(), '/');
    }
}
