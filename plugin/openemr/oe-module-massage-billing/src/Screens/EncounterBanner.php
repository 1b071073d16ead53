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
        private readonly Templates $templates,
        private readonly Csrf $csrf,
        private readonly string $pages
    ) {
    }

    public function show(EncounterFormsListRenderEvent $event): void
    {
        $encounter = (int) $event->getEncounter();
        $pid = (int) $event->getPid();
        if ($event->getAttendantType() !== 'pid' || !$this->visits->may($pid, $encounter)) {
            return;
        }
        $record = VisitRecord::find($this->database, $pid, $encounter);
        $hold = $record->hold?->open ? $record->hold : null;
        $claims = array_values(array_filter(
            $record->claims,
            static fn(VisitClaim $claim): bool => $claim->status !== 'entered-in-error'
        ));
        $writtenOff = $record->hold !== null && str_starts_with($record->hold->closed, 'written off');
        if ($hold === null && $claims === [] && !$writtenOff) {
            return;
        }
        echo $this->templates->render('encounter_banner.html.twig', [
            'hold' => $hold,
            'closed' => $writtenOff ? $record->hold->closed : '',
            'claims' => $claims,
            'biller' => $this->access->may('acct', 'bill'),
            'action' => "$this->pages/action.php",
            'token' => $this->csrf->token(),
        ]);
    }
}
