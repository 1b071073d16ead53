<?php

declare(strict_types=1);

namespace OpenEMR\Common\Http;

use Symfony\Component\HttpFoundation\Request;

/** Core's request, as far as a route of ours asks it. */
class HttpRestRequest extends Request
{
    private string $role = 'system';
    private bool $ofPatient = false;
    private ?string $patient = null;

    /** @var list<object> the token's scopes that cover the request; for tests */
    public array $covering = [];

    public function getQueryParams(): array
    {
        return $this->query->all();
    }

    public function getHeaderLine($name): string
    {
        return implode(',', array_map('strval', $this->headers->all($name)));
    }

    public function getBody(): mixed
    {
        return $this->getContent();
    }

    public function isLocalApi(): bool
    {
        return false;
    }

    public function getRequestUserRole(): string
    {
        return $this->role;
    }

    public function setRequestUserRole(string $requestUserRole): void
    {
        $this->role = $requestUserRole;
    }

    public function isPatientRequest(): bool
    {
        return $this->ofPatient;
    }

    public function setPatientRequest($isPatientRequest): void
    {
        $this->ofPatient = (bool) $isPatientRequest;
    }

    public function getPatientUUIDString(): ?string
    {
        return $this->patient;
    }

    public function setPatientUuidString(?string $value): void
    {
        $this->patient = $value;
    }

    public function getRequestRequiredScope(): object
    {
        return new \stdClass();
    }

    public function getAllContainedScopesForScopeEntity(object $scopeEntity): array
    {
        return $this->covering;
    }
}
