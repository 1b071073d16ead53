<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Screens;

use OpenEMR\Events\Encounter\EncounterFormsListRenderEvent;
use OpenEMR\Modules\MassageBilling\Core\Access;
use OpenEMR\Modules\MassageBilling\Core\Database;

/** Above an encounter's forms: why it is held, what to do and who does it; or where its claim stands. */
final class EncounterBanner
{
    public function __construct(
        private readonly Database $database,
        private readonly Access $access,
        private readonly VisitAccess $visits,
        private readonly Words $words,
        private readonly Csrf $csrf,
        private readonly string $pages
    ) {
    }

    public function show(EncounterFormsListRenderEvent $event): void
    {
        $encounter = (int) $event->getEncounter();
        $pid = (int) $event->getPid();
        if ($event->getAttendantType() !== 'pid' || $encounter === 0 || $pid === 0) {
            return;
        }
        $record = VisitRecord::find($this->database, $pid, $encounter);
        if ($record->isSilent() || !$this->visits->may($pid, $encounter)) {
            return;
        }
        $view = new EncounterBannerView(
            $this->words,
            $record->conflicts() && $this->access->may('acct', 'bill'),
            "$this->pages/action.php",
            $this->csrf->token()
        );
        echo $view->html($record->hold, $record->claims);
    }
}
