<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Screens;

use OpenEMR\Modules\MassageBilling\Core\Database;

/** What a payer said of a coverage: a CoverageEligibilityResponse, shown where no coming visit was looked at. */
final class Answer
{
    /**
     * @param bool|null $inForce null: the payer did not say
     * @param string $day the day it was asked for
     * @param string $answered the day it answered
     * @param string $outcome FHIR's outcome: complete, partial, error (it did not take the question), queued
     * @param string $insurer uuid of the insurance company
     */
    public function __construct(
        public readonly ?bool $inForce,
        public readonly string $day,
        public readonly string $answered,
        public readonly string $outcome,
        public readonly string $insurer,
        public readonly string $payer = ''
    ) {
    }

    /** @param array<string, mixed> $response */
    public static function read(array $response): self
    {
        $inForce = Json::at($response, 'insurance', 0, 'inforce');
        return new self(
            is_bool($inForce) ? $inForce : null,
            Json::text($response, 'servicedDate'),
            substr(Json::text($response, 'created'), 0, 10),
            Json::text($response, 'outcome'),
            Json::id($response['insurer'] ?? null, 'Organization'),
            Json::text($response, 'insurer', 'display')
        );
    }

    /** The same, with the company's name as the clinic has it. */
    public function named(Database $database): self
    {
        $bytes = Uuid::bytes($this->insurer);
        $sql = 'SELECT name FROM insurance_companies WHERE uuid = ?';
        $name = $bytes === null ? null : $database->value($sql, [$bytes]);
        return new self(
            $this->inForce,
            $this->day,
            $this->answered,
            $this->outcome,
            $this->insurer,
            $name === null ? $this->payer : (string) $name
        );
    }
}
