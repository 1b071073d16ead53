<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Billing;

use OpenEMR\Modules\MassageBilling\Core\Access;
use OpenEMR\Modules\MassageBilling\Core\Audit;
use OpenEMR\Modules\MassageBilling\Core\Clock;
use OpenEMR\Modules\MassageBilling\Core\Database;
use OpenEMR\Modules\MassageBilling\Fhir\AfterWrite;
use OpenEMR\Modules\MassageBilling\Fhir\Patience;
use OpenEMR\Modules\MassageBilling\Fhir\Refused;
use OpenEMR\Modules\MassageBilling\Fhir\Stored;

/**
 * A Claim becomes billing rows in the transaction that writes it: active ones are posted; drafts, cancelled ones and
 * errors have no rows. What a person did on the fee sheet is never written over: then no row is written, the Claim is
 * kept, and a Task says what to settle.
 */
final class ClaimPosting implements AfterWrite
{
    private readonly Ledger $ledger;
    private readonly Posting $posting;
    private readonly Withdrawal $withdrawal;

    public function __construct(
        private readonly Database $database,
        Access $access,
        Clock $clock,
        private readonly Audit $audit,
        private readonly ConflictTasks $tasks
    ) {
        $author = new Author($access, $clock, $database);
        $this->ledger = new Ledger($database, $clock);
        $fees = new FeeSheet($database, $author);
        $forms = new MiscForm($database, $author);
        $answers = new PayerAnswer($database);
        $this->posting = new Posting($database, $this->ledger, $fees, $forms, $answers);
        $this->withdrawal = new Withdrawal($database, $this->ledger, $fees, $forms, $answers);
    }

    public function type(): string
    {
        return 'Claim';
    }

    public function written(Stored $now, ?Stored $before): void
    {
        $this->follow($now->id, $now->json, false);
    }

    /**
     * Post a Claim again after a person settled what kept it off. Rows that a person deleted are written anew: to ask
     * for this is to ask for them. May throw Refused.
     */
    public function retry(string $claim): Outcome
    {
        return Patience::with(fn(): Outcome => $this->database->transaction(function () use ($claim): Outcome {
            $json = $this->ledger->stored($claim, true)
                ?? throw new Refused(404, 'not-found', "There is no Claim/$claim.");
            return $this->follow($claim, $json, true)
                ?? throw new Refused(422, 'business-rule', "Claim/$claim bills nothing.");
        }));
    }

    /** @param array<string, mixed> $json */
    private function follow(string $claim, array $json, bool $anew): ?Outcome
    {
        $outcome = $this->outcome($claim, $json, $anew);
        if ($outcome === null) {
            return null;
        }
        if ($outcome->conflicts !== []) {
            $patient = Json::id($json['patient'] ?? null, 'Patient');
            $this->tasks->open($claim, $patient, $outcome->encounter, $outcome->conflicts);
        } elseif ($outcome->state !== Ledger::CONFLICT) {
            $this->tasks->settle($claim);
        }
        if ($outcome->rows !== []) {
            $rows = implode(', ', $outcome->rows);
            $what = "Claim/$claim $outcome->state: billing $rows";
            $this->audit->note('massage-billing-claim', $what, $outcome->pid ?: null);
        }
        return $outcome;
    }

    /** @param array<string, mixed> $json */
    private function outcome(string $claim, array $json, bool $anew): ?Outcome
    {
        if (Json::text($json, 'use') !== 'claim') {
            // A Claim that asks for authorization bills nothing; one that was a claim before is taken back.
            return $this->ledger->posting($claim) === null ? null
                : $this->withdrawal->withdraw($claim, $json, Ledger::VOIDED);
        }
        return match (Json::text($json, 'status')) {
            'active' => $this->posting->post((new ClaimReader())->read($claim, $json), $anew),
            'draft' => $this->withdrawal->withdraw($claim, $json, Ledger::DRAFT),
            'cancelled', 'entered-in-error' => $this->withdrawal->withdraw($claim, $json, Ledger::VOIDED),
            default => null,
        };
    }
}
