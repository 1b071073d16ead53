<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Screens;

use OpenEMR\Modules\MassageBilling\Core\Access;
use OpenEMR\Modules\MassageBilling\Log\Permission;
use OpenEMR\Modules\MassageBilling\Log\Visits;

/**
 * Who may see on an encounter's page how its billing stands: whoever may see its forms, and billers.
 *
 * Core calls its listeners before it decides whether the page is shown, so it is asked here.
 */
final class VisitAccess
{
    public function __construct(private readonly Visits $visits, private readonly Access $access)
    {
    }

    public function may(int $pid, int $encounter): bool
    {
        $visit = $this->visits->find($pid, $encounter);
        if ($visit === null) {
            return false;
        }
        if ((new Permission($this->access))->mayRead($visit)) {
            return true;
        }
        return $this->access->may('acct', 'bill')
            && ($visit->sensitivity === '' || $this->access->may('sensitivities', $visit->sensitivity))
            && ($visit->squad === '' || $this->access->may('squads', $visit->squad));
    }
}
