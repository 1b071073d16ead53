<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Screens;

use OpenEMR\Modules\MassageBilling\Core\Access;
use OpenEMR\Modules\MassageBilling\Core\Audit;
use OpenEMR\Modules\MassageBilling\Fhir\Refused;
use OpenEMR\Modules\MassageBilling\Settings\Service;
use OpenEMR\Modules\MassageBilling\Settings\Unfit;
use OpenEMR\Modules\MassageBilling\Settings\Unreachable;

/** What billers' buttons do: try a claim again, ask the Python service to run. */
final class ActionPage
{
    /**
     * @param \Closure(string): bool $retry puts a Claim, by its id, onto the fee sheet again, and tells whether it is
     *     there; throws Refused
     * @param string $overview address of the overview page
     * @param string $encounter address of core's page of the encounter that the session is about
     */
    public function __construct(
        private readonly Access $access,
        private readonly Csrf $csrf,
        private readonly Audit $audit,
        private readonly Service $service,
        private readonly \Closure $retry,
        private readonly string $overview,
        private readonly string $encounter
    ) {
    }

    public function answer(PageRequest $request): PageResult
    {
        if (!$request->post) {
            return PageResult::goTo($this->overview);
        }
        if (!$this->access->may('acct', 'bill')) {
            return PageResult::refused(403, 'Only who may bill can do this.');
        }
        if (!$this->csrf->valid($request->form('csrf_token'))) {
            return PageResult::refused(403, 'This form is too old, or was not sent from here: open the page again.');
        }
        return match ($request->form('action')) {
            'retry' => $this->retry($request),
            'run' => $this->run($request->form('job')),
            default => PageResult::refused(400, 'There is no such action.'),
        };
    }

    private function retry(PageRequest $request): PageResult
    {
        $claim = $request->form('claim');
        if (Uuid::bytes($claim) === null) {
            return PageResult::refused(400, 'There is no such claim.');
        }
        try {
            $said = ($this->retry)($claim) ? 'retried' : 'conflict'; // the banner and the list say why
        } catch (Refused) {
            $said = 'refused';
        }
        $this->audit->note('massage-billing-claim', "Claim/$claim tried again by a person: $said");
        return $request->form('back') === 'encounter'
            ? PageResult::goTo($this->encounter)
            : PageResult::goTo("$this->overview?said=$said");
    }

    private function run(string $job): PageResult
    {
        try {
            $said = $this->service->run($job === '' ? 'run' : $job);
        } catch (Unfit | Unreachable) {
            $said = 'unreachable';
        }
        $this->audit->note('massage-billing-run', "the service was asked to run: $said");
        return PageResult::goTo("$this->overview?said=$said");
    }
}
