<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Log;

/** The treatment log in short, for the encounter page: its rows, who signed it, and a link to open it. */
final class EncounterSummary
{
    /**
     * @param string $page the URL of log.php without its query
     * @param callable(string): string $translate core's xl()
     * @param callable(string): string $date core's format of a local "2026-12-01 10:00:00"
     */
    public function __construct(
        private readonly Visits $visits,
        private readonly LogStore $store,
        private readonly Choices $choices,
        private readonly Permission $permission,
        private readonly string $page,
        private readonly mixed $translate,
        private readonly mixed $date,
    ) {
    }

    /** Escaped HTML; "" where there is no log, or where the user may not read it. */
    public function html(int $pid, int $encounter): string
    {
        $log = $this->store->find($pid, $encounter);
        $visit = $log === null ? null : $this->visits->find($pid, $encounter);
        if ($log === null || $visit === null || !$this->permission->mayRead($visit)) {
            return '';
        }
        $people = array_map(static fn (Row $row): int => $row->therapist ?? 0, $log->standing());
        $names = $this->choices->names(array_values(array_filter(array_unique([...$people, $log->signedBy ?? 0]))));
        $lines = '';
        foreach ($log->standing() as $row) {
            $lines .= '<tr>' . implode('', array_map(
                static fn (string $text): string => '<td>' . self::escape($text) . '</td>',
                [
                    $row->written(),
                    $row->regionText,
                    $row->length() === null ? '' : $row->length() . ' min',
                    $row->diagnosis,
                    $names[$row->therapist ?? 0] ?? '',
                ]
            )) . '</tr>';
        }
        return '<section class="card my-2" id="massage-billing-log"><div class="card-body p-2">'
            . '<h5 class="mb-1">' . $this->say('Treatment log') . ' ' . $this->state($log, $names)
            . ' <a class="btn btn-sm btn-link" href="#" onclick="' . self::escape($this->opening($pid, $encounter))
            . '">' . $this->say('Open') . '</a></h5>'
            . ($lines === '' ? '' : '<table class="table table-sm mb-1"><tbody>' . $lines . '</tbody></table>')
            . '<div>' . $this->say('Total') . ': ' . Totals::of($log->standing())->overall . ' '
            . $this->say('minutes') . '</div>'
            . ($log->isSelfPay() ? '<div><strong>' . $this->say('Patient pays, do not tell the plan')
                . '</strong></div>' : '')
            . '</div></section>';
    }

    /** @param array<int, string> $names */
    private function state(TreatmentLog $log, array $names): string
    {
        if ($log->signedAt === null) {
            return '<span class="badge badge-warning">' . $this->say('Draft, not signed') . '</span>';
        }
        $at = $log->signedAt->setTimezone(new \DateTimeZone(date_default_timezone_get()))->format('Y-m-d H:i:s');
        return '<span class="badge badge-success">' . $this->say('Signed') . '</span> <small>'
            . self::escape(($names[$log->signedBy ?? 0] ?? '') . ', ' . ($this->date)($at)) . '</small>';
    }

    /** Opens the log as core's own menu does: openNewForm() of forms.php. */
    private function opening(int $pid, int $encounter): string
    {
        $url = $this->page . '?' . http_build_query(['pid' => $pid, 'encounter' => $encounter]);
        $flags = JSON_HEX_TAG | JSON_HEX_AMP | JSON_HEX_APOS | JSON_HEX_QUOT | JSON_THROW_ON_ERROR;
        return 'openNewForm(' . json_encode($url, $flags) . ', '
            . json_encode(($this->translate)('Treatment log'), $flags) . '); return false;';
    }

    private function say(string $words): string
    {
        return self::escape(($this->translate)($words));
    }

    private static function escape(string $text): string
    {
        return htmlspecialchars($text, ENT_QUOTES | ENT_SUBSTITUTE, 'UTF-8');
    }
}
