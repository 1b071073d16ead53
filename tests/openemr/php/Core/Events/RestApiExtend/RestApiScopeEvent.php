<?php

declare(strict_types=1);

namespace OpenEMR\Events\RestApiExtend;

use Symfony\Contracts\EventDispatcher\Event;

/** Core's event at which modules declare scopes. */
class RestApiScopeEvent extends Event
{
    public const API_TYPE_STANDARD = 'standard';
    public const API_TYPE_FHIR = 'fhir';
    public const EVENT_TYPE_GET_SUPPORTED_SCOPES = 'api.scope.get-supported-scopes';

    private array $scopes = [];
    private string $apiType = self::API_TYPE_STANDARD;
    private bool $system = false;

    public function getScopes(): array
    {
        return $this->scopes;
    }

    public function setScopes(array $scopes): self
    {
        $this->scopes = $scopes;
        return $this;
    }

    public function addScope($context, $resource, $permission): void
    {
        $this->scopes[] = "$context/$resource.$permission";
    }

    public function getApiType(): string
    {
        return $this->apiType;
    }

    public function setApiType(string $apiType): self
    {
        $this->apiType = $apiType;
        return $this;
    }

    public function setSystemScopesEnabled(bool $areSystemScopesEnabled): self
    {
        $this->system = $areSystemScopesEnabled;
        return $this;
    }

    public function isSystemScopesEnabled(): bool
    {
        return $this->system;
    }
}
