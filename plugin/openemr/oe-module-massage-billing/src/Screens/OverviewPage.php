<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Screens;

use OpenEMR\Modules\MassageBilling\Core\Access;
use OpenEMR\Modules\MassageBilling\Settings\Activity;
use OpenEMR\Modules\MassageBilling\Settings\Service;

/** The page "Massage billing" of the menu: coming visits for the front desk; holds, conflicts, claims for billers. */
final class OverviewPage
{
    /**
     * @param string $workbench address of the workbench; "" for none
     * @param array<string, mixed> $shell
     */
    public function __construct(
        private readonly Access $access,
        private readonly Csrf $csrf,
        private readonly Templates $templates,
        private readonly Overview $overview,
        private readonly Activity $activity,
        private readonly Service $service,
        private readonly string $workbench,
        private readonly string $webRoot,
        private readonly string $pages,
        private readonly array $shell
    ) {
    }

    public function answer(PageRequest $request): PageResult
    {
        $desk = $this->access->may('patients', 'appt');
        $biller = $this->access->may('acct', 'bill');
        if (!$desk && !$biller) {
            return PageResult::refused(403, 'This page is for the front desk and for billers.');
        }
        $page = static fn(string $list): int => max(0, (int) $request->query($list));
        return PageResult::page($this->templates->render('overview.html.twig', $this->shell + [
            'desk' => $desk,
            'biller' => $biller,
            'appointments' => $desk ? $this->overview->appointments($page('a')) : null,
            'holds' => $biller ? $this->overview->holds($page('h')) : null,
            'conflicts' => $biller ? $this->overview->conflicts($page('x')) : null,
            'claims' => $biller ? $this->overview->claims($page('c')) : null,
            'at' => ['a' => $page('a'), 'h' => $page('h'), 'x' => $page('x'), 'c' => $page('c')],
            'days' => Overview::CLAIM_DAYS,
            'activity' => $biller ? $this->activity->written() : [],
            'workbench' => $this->workbench,
            'run' => $biller && $this->service->configured(),
            'said' => $request->query('said'),
            'root' => $this->webRoot,
            'pages' => $this->pages,
            'token' => $this->csrf->token(),
        ]));
    }
}
