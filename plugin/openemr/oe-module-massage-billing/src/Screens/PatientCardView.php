<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Screens;

/** The content of the card on the patient's summary, HTML. */
final class PatientCardView
{
    /** @param string $overview address of the overview page */
    public function __construct(
        private readonly Words $words,
        private readonly PatientRecord $record,
        private readonly ?Answer $answer,
        private readonly string $today,
        private readonly string $overview
    ) {
    }

    public function html(): string
    {
        $next = $this->record->coming[0] ?? null;
        $rows = '';
        foreach ($this->rows($next) as $label => $value) {
            $rows .= '<tr><th scope="row" class="w-25">' . $this->words->say($label) . "</th><td>$value</td></tr>";
        }
        $link = '<p class="mb-0"><a href="' . Words::text($this->overview) . '" onclick="top.restoreSession()">'
            . $this->words->say('Today and tomorrow, and what is held') . '</a></p>';
        return '<div class="px-1">' . $this->visit($next)
            . ($rows === '' ? '' : "<table class=\"table table-sm table-borderless mb-1\"><tbody>$rows</tbody></table>")
            . $link . '</div>';
    }

    private function visit(?Outlook $next): string
    {
        $w = $this->words;
        if ($next === null) {
            return '<p class="mb-1 text-muted">' . $w->say('No coming visit was looked at.') . '</p>';
        }
        $shown = $next->shownOn($this->today);
        $others = count($this->record->coming) - 1;
        $old = $shown === Readiness::Old
            ? $w->say('as of') . ' ' . $w->day($next->judgedOn) . ': ' . $w->say($next->readiness->word())
            : '';
        $more = $others > 0 ? "($others " . $w->say('more booked') . ')' : '';
        return '<p class="mb-1">' . $w->mark($shown)
            . ' <strong>' . $w->say('Visit of') . ' ' . $w->day($next->day) . '</strong>'
            . " <span class=\"text-muted\">$old $more</span></p>" . $w->list($next->toSettle);
    }

    /** @return array<string, string> label, English, and value, HTML */
    private function rows(?Outlook $next): array
    {
        $w = $this->words;
        $rows = $next?->patientPays ? ['Who pays' => $w->say('The patient pays.')] : [];
        $coverage = $this->coverage($next);
        if ($coverage !== '') {
            $rows['Coverage'] = $coverage;
        }
        if ($next !== null) {
            $rows += $this->limits($next);
        }
        $deadline = $this->record->nextDeadline($this->today);
        if ($deadline !== null) {
            $rows['Next deadline'] = $w->day($deadline['on']) . ': ' . $w->say($deadline['what']);
        }
        if ($next !== null && $next->cost !== '') {
            $rows['Cost to the patient'] = Words::text($next->cost);
        }
        $held = count($this->record->holds);
        if ($held > 0) {
            $english = $held === 1 ? 'visit cannot be billed yet' : 'visits cannot be billed yet';
            $rows['Held'] = "$held " . $w->say($english);
        }
        return $rows;
    }

    private function coverage(?Outlook $next): string
    {
        $w = $this->words;
        if ($next !== null && $next->standing !== '') {
            $standing = match ($next->standing) {
                'in-force' => $w->say('in force'),
                'not-in-force' => $this->alarming('not in force'),
                default => $w->say('not known: the payer did not say'),
            };
            return $standing . self::inBrackets($next->payer)
                . ($next->answeredOn === '' ? '' : ', ' . $w->say('answered') . ' ' . $w->day($next->answeredOn));
        }
        if ($this->answer === null) {
            return $next?->patientPays ? '' : $w->say('not known: no payer was asked');
        }
        $standing = match (true) {
            $this->answer->inForce === true => $w->say('in force'),
            $this->answer->inForce === false => $this->alarming('not in force'),
            $this->answer->outcome === 'error' => $w->say('not known: the payer did not take the question'),
            $this->answer->outcome === 'queued' => $w->say('not known: the payer has not answered yet'),
            default => $w->say('not known: the payer did not say'),
        };
        return $standing . self::inBrackets($this->answer->payer) . ', ' . $w->say('asked for') . ' '
            . $w->day($this->answer->day) . ', ' . $w->say('answered') . ' ' . $w->day($this->answer->answered);
    }

    /** @return array<string, string> */
    private function limits(Outlook $next): array
    {
        $w = $this->words;
        $rows = [];
        if ($next->visitsLeft !== null) {
            $told = '<br><small class="text-muted">' . Words::text($next->visitsTold) . '</small>';
            $rows['Visits left'] = '<strong>' . $w->say('at most') . " $next->visitsLeft</strong>"
                . ($next->binds === '' ? '' : ', ' . $w->say('by the') . ' ' . $w->say($next->binds))
                . ($next->visitsTold === '' ? '' : $told);
        }
        if ($next->authorization !== '') {
            $ends = ', ' . $w->say('until') . ' ' . $w->day($next->authorizationEnds);
            $rows['Authorization'] = Words::text($next->authorization)
                . ($next->authorizationLeft === null ? '' : ", $next->authorizationLeft " . $w->say('visits left'))
                . ($next->authorizationEnds === '' ? '' : $ends);
        }
        return $rows;
    }

    private function alarming(string $english): string
    {
        return '<strong class="text-danger">' . $this->words->say($english) . '</strong>';
    }

    private static function inBrackets(string $payer): string
    {
        return $payer === '' ? '' : ' (' . Words::text($payer) . ')';
    }
}
