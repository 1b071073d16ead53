<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Screens;

use OpenEMR\Events\Appointments\CalendarUserGetEventsFilter;
use OpenEMR\Events\Core\StyleFilterEvent;
use OpenEMR\Modules\MassageBilling\Core\Access;
use OpenEMR\Modules\MassageBilling\Core\Clock;
use OpenEMR\Modules\MassageBilling\Core\Database;

/**
 * Marks appointments in the calendar by what is known ahead of them.
 *
 * The clinic's own colour of the category stays. A symbol before the name says how it stands, without any colour; the
 * reasons are in the tooltip; a coloured edge is added where our style sheet is loaded. Seen in core 8.2
 * (PostCalendar\ViewModel): patient_name is in every tile and escaped there; catname of a patient's appointment is in
 * the tooltip only, and escaped there; eventViewClass replaces core's own class, which is therefore kept in it.
 */
final class CalendarMarks
{
    private const VIEWS = ['day', 'week', 'month'];
    /** openemr_postcalendar_categories: no show. */
    private const NO_SHOW = 1;
    /** Reasons in a tooltip; more are counted. */
    private const REASONS = 4;

    public function __construct(
        private readonly Database $database,
        private readonly Access $access,
        private readonly Clock $clock,
        private readonly Words $words,
        private readonly string $assets
    ) {
    }

    /** Marks what a calendar page is about to show, with one statement for the page. */
    public function mark(CalendarUserGetEventsFilter $event): void
    {
        if (!in_array($event->getViewType(), self::VIEWS, true) || !$this->access->may('patients', 'appt')) {
            return;
        }
        $today = Day::today($this->clock);
        $days = $event->getEventsByDays();
        $outlooks = (new Outlooks($this->database))->ofEvents(self::eventsFrom($days, $today));
        if ($outlooks === []) {
            return;
        }
        foreach ($days as $day => $events) {
            foreach (is_array($events) ? $events : [] as $place => $one) {
                $outlook = is_array($one) ? $outlooks[(int) ($one['eid'] ?? 0)] ?? null : null;
                if ($outlook !== null && $outlook->day === (string) $day) {
                    $days[$day][$place] = $this->marked($one, $outlook, $today);
                }
            }
        }
        $event->setEventsByDays($days);
    }

    /** Loads the coloured edges on calendar pages. */
    public function style(StyleFilterEvent $event): void
    {
        if (str_ends_with($event->getPageName(), '/interface/main/calendar/index.php')) {
            $event->setStyles([...$event->getStyles(), $this->assets . '/calendar.css']);
        }
    }

    /**
     * Patients' appointments of today and later.
     *
     * @param array<string, mixed> $days
     * @return list<int>
     */
    private static function eventsFrom(array $days, string $today): array
    {
        $found = [];
        foreach ($days as $day => $events) {
            if ((string) $day < $today || !is_array($events)) {
                continue;
            }
            foreach ($events as $one) {
                if (is_array($one) && (int) ($one['pid'] ?? 0) > 0 && (int) ($one['gid'] ?? 0) === 0) {
                    $found[] = (int) ($one['eid'] ?? 0);
                }
            }
        }
        return $found;
    }

    /**
     * @param array<string, mixed> $event
     * @return array<string, mixed>
     */
    private function marked(array $event, Outlook $outlook, string $today): array
    {
        $shown = $outlook->shownOn($today);
        $class = Json::text($event, 'eventViewClass');
        if ($class === '') {
            $class = (int) ($event['catid'] ?? 0) === self::NO_SHOW ? 'event_noshow' : 'event_appointment';
        }
        $event['eventViewClass'] = "$class massage_billing massage_billing_$shown->value";
        $event['patient_name'] = $shown->symbol() . ' ' . Json::text($event, 'patient_name');
        $event['catname'] = trim(Json::text($event, 'catname') . ' — ' . $this->tooltip($outlook, $shown));
        return $event;
    }

    /** Plain text: core escapes it. */
    private function tooltip(Outlook $outlook, Readiness $shown): string
    {
        $w = $this->words;
        $word = $w->plain($shown->word());
        if ($shown === Readiness::Old) {
            $word .= ': ' . $w->plain($outlook->readiness->word()) . ', ' . $w->plain('as of') . " $outlook->judgedOn";
        }
        $lines = array_slice($outlook->toSettle, 0, self::REASONS);
        $more = count($outlook->toSettle) - count($lines);
        if ($more > 0) {
            $lines[] = "+ $more";
        }
        $left = $outlook->visitsLeft === null ? [] : [$w->plain('Visits left') . ': ' . $outlook->visitsLeft];
        $title = $w->plain('Massage billing') . ': ' . $shown->symbol() . " $word";
        return implode("\n", [$title, ...$lines, ...$left]) . "\n";
    }
}
