<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Settings;

use OpenEMR\Modules\MassageBilling\Core\Access;
use OpenEMR\Modules\MassageBilling\Core\Audit;
use OpenEMR\Modules\MassageBilling\Install\SelfCheck;
use OpenEMR\Modules\MassageBilling\Screens\Csrf;
use OpenEMR\Modules\MassageBilling\Screens\Json;
use OpenEMR\Modules\MassageBilling\Screens\PageRequest;
use OpenEMR\Modules\MassageBilling\Screens\PageResult;
use OpenEMR\Modules\MassageBilling\Screens\Templates;

/** The page behind the module manager's gear: for administrators, every change with a token of the session. */
final class SettingsPage
{
    /** @param Site $site addresses of this OpenEMR */
    public function __construct(
        private readonly Access $access,
        private readonly Csrf $csrf,
        private readonly Audit $audit,
        private readonly Templates $templates,
        private readonly Store $store,
        private readonly OAuthClient $client,
        private readonly Checks $checks,
        private readonly Service $service,
        private readonly Resolver $resolver,
        private readonly Trigger $trigger,
        private readonly Activity $activity,
        private readonly SelfCheck $selfCheck,
        private readonly Site $site
    ) {
    }

    public function answer(PageRequest $request): PageResult
    {
        if (!$this->access->may('admin', 'super')) {
            return PageResult::refused(403, 'Only an administrator may see this page.');
        }
        if (!$request->post) {
            return $this->page($request->query('done'));
        }
        if (!$this->csrf->valid($request->form('csrf_token'))) {
            return PageResult::refused(403, 'This form is too old, or was not sent from here: open the page again.');
        }
        try {
            return $this->act($request);
        } catch (Unfit | Unreachable $problem) {
            return $this->page('', $problem->getMessage());
        }
    }

    private function act(PageRequest $request): PageResult
    {
        return match ($request->form('action')) {
            'register' => $this->register($request),
            'forget-client' => $this->forgetClient($request),
            'test' => $this->test(),
            'service' => $this->keepService($request),
            'run' => $this->run($request),
            'trigger' => $this->keepTrigger($request),
            'workbench' => $this->keepWorkbench($request),
            'removal' => $this->keepRemoval($request),
            default => throw new Unfit('There is no such action.'),
        };
    }

    private function register(PageRequest $request): PageResult
    {
        if (!$this->checks->registrable()) {
            throw new Unfit('First set what is missing above.');
        }
        $own = $request->form('key') === 'own';
        $pair = $own ? null : KeyPair::create();
        $keys = $pair === null ? JwkSet::read($request->form('jwks')) : $pair->public;
        $client = $this->client->register($keys, $request->form('replace') === 'yes');
        $file = $pair === null ? 'private-key.pem' : 'massage-billing-private-key.pem';
        return PageResult::page($this->templates->render('settings_registered.html.twig', $this->site->shell() + [
            'client' => $client,
            'pem' => $pair?->privatePem ?? '',
            'file' => $file,
            'yaml' => SettingsYaml::text(
                $this->site->fhir,
                $this->site->token,
                $client->id,
                $file,
                $keys->kid(),
                $client->scopes,
                $this->site->zone
            ),
            'clients' => $this->site->clients,
            'self' => $this->site->page,
        ]));
    }

    private function forgetClient(PageRequest $request): PageResult
    {
        if ($request->form('confirm') !== 'yes') {
            throw new Unfit('Confirm that the client is removed.');
        }
        $this->client->remove();
        return $this->done('client-removed');
    }

    private function test(): PageResult
    {
        $results = [['what' => 'FHIR API at ' . $this->site->fhir] + $this->checks->metadata($this->site->fhir)];
        if ($this->store->service() !== '') {
            $results = [...$results, ...$this->health()];
        }
        return $this->page('', '', $results);
    }

    /** @return list<array{what: string, good: bool, said: string}> */
    private function health(): array
    {
        try {
            $health = $this->service->health();
        } catch (Unfit | Unreachable $problem) {
            return [['what' => 'Python service', 'good' => false, 'said' => $problem->getMessage()]];
        }
        $version = mb_substr(Json::text($health, 'version'), 0, 40);
        $said = [['what' => 'Python service', 'good' => true, 'said' => trim("It answers: massage-billing $version")]];
        foreach (Service::lastJobs($health) as $last) {
            $said[] = ['what' => "Last $last[job]", 'good' => $last['good'], 'said' => $last['said']];
        }
        return $said;
    }

    private function keepService(PageRequest $request): PageResult
    {
        $url = rtrim(trim($request->form('url')), '/');
        $token = trim($request->form('token'));
        if ($url === '') {
            $this->store->keepService('');
            $this->store->keepToken('');
            $this->dropTrigger();
            $this->audit->note('massage-billing-settings', 'service removed');
            return $this->done('service-removed');
        }
        if ($token !== '' && !preg_match('/^[\x21-\x7e]{16,500}$/', $token)) {
            throw new Unfit('The token has to have at least 16 characters, without blanks.');
        }
        Address::of($url, $this->resolver);
        // A token is for one service only: it is never sent to another address than it was entered for.
        if ($token === '' && $url !== $this->store->service()) {
            $this->store->keepToken('');
        }
        $this->store->keepService($url);
        if ($token !== '') {
            $this->store->keepToken($token);
        }
        $this->audit->note('massage-billing-settings', 'service address or token changed');
        return $this->done('service-kept');
    }

    private function run(PageRequest $request): PageResult
    {
        $state = $this->service->run($request->form('job') ?: 'run');
        $this->audit->note('massage-billing-run', 'the service was asked to run');
        return $this->done($state === 'busy' ? 'busy' : 'running');
    }

    private function keepTrigger(PageRequest $request): PageResult
    {
        if ($request->form('on') !== 'yes') {
            $this->dropTrigger();
            return $this->done('trigger-off');
        }
        if (!$this->service->configured()) {
            throw new Unfit('First enter the address and the token of the service.');
        }
        $this->store->keepTrigger(true);
        $this->trigger->add($this->site->folder);
        $this->audit->note('massage-billing-settings', 'background run switched on');
        return $this->done('trigger-on');
    }

    private function dropTrigger(): void
    {
        $this->store->keepTrigger(false);
        $this->trigger->remove();
    }

    /** Only a link is made of it: this server never asks there. */
    private function keepWorkbench(PageRequest $request): PageResult
    {
        $url = rtrim(trim($request->form('url')), '/');
        $https = '~^https://[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?(:[0-9]{1,5})?$~i';
        $here = '~^http://(localhost|127\.0\.0\.1)(:[0-9]{1,5})?$~';
        if ($url !== '' && !preg_match($https, $url) && !preg_match($here, $url)) {
            throw new Unfit('The workbench has an https address without a path, like https://billing.example.org.');
        }
        $this->store->keepWorkbench($url);
        $this->audit->note('massage-billing-settings', 'workbench address changed');
        return $this->done('workbench-kept');
    }

    private function keepRemoval(PageRequest $request): PageResult
    {
        $removes = $request->form('data') === 'remove';
        $this->store->keepRemoval($removes);
        $this->audit->note('massage-billing-settings', 'on removal: ' . ($removes ? 'remove data' : 'keep data'));
        return $this->done('removal-kept');
    }

    private function done(string $what): PageResult
    {
        return PageResult::goTo($this->site->page . '?done=' . $what);
    }

    /** @param list<array{what: string, good: bool, said: string}> $tests */
    private function page(string $done, string $problem = '', array $tests = []): PageResult
    {
        $needed = ClientScopes::needed();
        $client = $this->client->current();
        return PageResult::page($this->templates->render('settings.html.twig', $this->site->shell() + [
            'self' => $this->site->page,
            'done' => $done,
            'problem' => $problem,
            'tests' => $tests,
            'checks' => $this->checks->settings(),
            'registrable' => $this->checks->registrable(),
            'client' => $client,
            'others' => $this->client->others(),
            'lacks' => $client?->lacks($needed) ?? [],
            'exceeds' => $client?->exceeds($needed) ?? [],
            'scopes' => array_map(ClientScopes::inWords(...), $needed),
            'clients' => $this->site->clients,
            'config' => $this->site->config,
            'fhir' => $this->site->fhir,
            'activity' => $this->activity->written(),
            'service' => $this->store->service(),
            'workbench' => $this->store->workbench(),
            'token_kept' => $this->store->hasToken(),
            'configured' => $this->service->configured(),
            'trigger' => $this->store->trigger(),
            'removes' => $this->store->removesData(),
            'version' => $this->selfCheck->version(),
            'tried' => $this->selfCheck->tried(),
            'csrf' => $this->csrf->token(),
        ]), $problem === '' ? 200 : 400);
    }
}
