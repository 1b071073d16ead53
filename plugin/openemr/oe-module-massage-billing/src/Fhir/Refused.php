<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Fhir;

/**
 * What a client asked is refused, and nothing of it is kept: an HTTP status, and what is told in the OperationOutcome.
 *
 * The sentence names things by id only, for it may end in a log.
 */
final class Refused extends \RuntimeException
{
    /**
     * @param string $issue a code of http://hl7.org/fhir/issue-type: "invalid", "not-found", "conflict" …
     * @param array<string, string> $at what is wrong with which element: "Claim.insurance[0].coverage" => a sentence
     */
    public function __construct(
        public readonly int $status,
        public readonly string $issue,
        string $message,
        public readonly array $at = []
    ) {
        parent::__construct($message);
    }
}
