<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Screens;

/** The banner above an encounter's forms, HTML. */
final class EncounterBannerView
{
    /**
     * @param string $action where the button's form is sent to
     * @param string $token CSRF token of that form
     */
    public function __construct(
        private readonly Words $words,
        private readonly bool $biller,
        private readonly string $action,
        private readonly string $token
    ) {
    }

    /** @param list<VisitClaim> $claims */
    public function html(?Hold $hold, array $claims): string
    {
        $parts = $hold === null ? [] : [$hold->open ? $this->held($hold) : $this->closed($hold)];
        foreach ($claims as $claim) {
            $parts[] = $this->claim($claim);
        }
        $parts = array_filter($parts);
        return $parts === []
            ? ''
            : '<div class="massage-billing-banner w-100" style="flex: 0 0 100%">' . implode('', $parts) . '</div>';
    }

    private function held(Hold $hold): string
    {
        $w = $this->words;
        $small = static fn(string $code): string =>
            $code === '' ? '' : ' <small class="text-muted">(' . Words::text($code) . ')</small>';
        $reasons = array_map(static fn(array $reason): string =>
            '<li>' . Words::text($reason['text']) . $small($reason['code']) . '</li>', $hold->reasons);
        $title = '<strong><span aria-hidden="true">▲</span> ' . $w->say('Massage billing: held') . '</strong> ';
        return self::alert('warning', $title . Words::text($hold->description)
            . '<ul class="mb-1 pl-3">' . implode('', $reasons) . '</ul>'
            . ($hold->who === '' ? '' : $w->say('Who acts') . ': <strong>' . $w->say($hold->who) . '</strong>. ')
            . ($hold->fileBy === '' ? '' : $w->say('File by') . ' ' . $w->day($hold->fileBy) . '.'));
    }

    /** What a person decided is shown; what settled itself is not. */
    private function closed(Hold $hold): string
    {
        $title = '<strong>' . $this->words->say('Massage billing') . ':</strong> ';
        return $hold->writtenOff() ? self::alert('secondary', $title . Words::text($hold->closed)) : '';
    }

    private function claim(VisitClaim $claim): string
    {
        $w = $this->words;
        $said = $w->say($claim->word()) . ' (' . Words::text($claim->updated) . ').';
        if (!$claim->conflict()) {
            $colour = $claim->status === 'active' && $claim->state !== 'superseded' ? 'success' : 'secondary';
            $advice = $claim->state === 'posted' ? ' ' . Words::text($claim->detail) : '';
            return self::alert($colour, '<strong>' . $w->say('Massage billing: claim') . "</strong> $said$advice");
        }
        $why = $claim->reasons === [] ? ' ' . Words::text($claim->detail) : $w->list($claim->reasons);
        return self::alert('danger', '<strong><span aria-hidden="true">✖</span> ' . $w->say('Massage billing: claim')
            . "</strong> $said$why" . ($this->biller ? $this->retry($claim->id) : ''));
    }

    private function retry(string $claim): string
    {
        $form = ['csrf_token' => $this->token, 'action' => 'retry', 'claim' => $claim, 'back' => 'encounter'];
        $hidden = '';
        foreach ($form as $name => $value) {
            $hidden .= "<input type=\"hidden\" name=\"$name\" value=\"" . Words::text($value) . '">';
        }
        return '<form method="post" action="' . Words::text($this->action) . '" class="d-inline"'
            . ' onsubmit="if (window.top &amp;&amp; top.restoreSession) { top.restoreSession(); }">' . $hidden
            . '<button type="submit" class="btn btn-sm btn-danger ml-2">' . $this->words->say('Try again')
            . '</button></form>';
    }

    private static function alert(string $colour, string $content): string
    {
        return "<div class=\"alert alert-$colour py-2 px-3 mb-2\" role=\"status\">$content</div>";
    }
}
