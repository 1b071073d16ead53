<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Screens;

use OpenEMR\Common\Session\SessionWrapperFactory;
use OpenEMR\Events\Core\TwigEnvironmentEvent;
use OpenEMR\Events\Patient\Summary\Card\CardModel;
use OpenEMR\Events\Patient\Summary\Card\SectionEvent;
use OpenEMR\Modules\MassageBilling\Core\Clock;
use OpenEMR\Modules\MassageBilling\Core\Database;
use OpenEMR\Modules\MassageBilling\Module;
use Twig\Loader\FilesystemLoader;

/**
 * The card on the patient's summary: what is known of coverage, visits, authorization and deadlines.
 *
 * Core renders cards after its listeners ended, where a fault of ours would break the page. So the content is made
 * here, and core's Twig only prints it, by a template without any logic under a name of our own.
 */
final class PatientCard
{
    private const TEMPLATE = '@massage_billing/patient_card.html.twig';

    /** @param \Closure(): int $patient pid of the patient whose summary is shown; 0 for none */
    public function __construct(
        private readonly Database $database,
        private readonly Clock $clock,
        private readonly Words $words,
        private readonly \Closure $patient,
        private readonly string $pages
    ) {
    }

    /** The patient that core's session is about. */
    public static function patientOfSession(): int
    {
        $pid = SessionWrapperFactory::getInstance()->getActiveSession()->get('pid');
        return is_numeric($pid) ? (int) $pid : 0;
    }

    /** Core's Twig learns where the card's frame is. */
    public static function templates(TwigEnvironmentEvent $event): void
    {
        $loader = $event->getTwigEnvironment()->getLoader();
        if ($loader instanceof FilesystemLoader) {
            $loader->addPath(Module::folder() . '/templates', 'massage_billing');
        }
    }

    /** Puts the card into the right column. Core asks for the card's ACL itself before it shows it. */
    public function add(SectionEvent $event): void
    {
        $pid = $event->getSection() === 'secondary' ? ($this->patient)() : 0;
        if ($pid === 0) {
            return;
        }
        $event->addCard(new CardModel([
            'acl' => ['patients', 'demo'],
            'initiallyCollapsed' => false,
            'add' => false,
            'edit' => false,
            'collapse' => true,
            'templateFile' => self::TEMPLATE,
            'identifier' => 'massage_billing',
            'title' => $this->words->plain('Massage billing'),
            'templateVariables' => ['content' => $this->content($pid)],
        ]));
    }

    /** The card's content, HTML. */
    public function content(int $pid): string
    {
        $today = Day::today($this->clock);
        $record = PatientRecord::find($this->database, $pid, $today);
        $said = ($record->coming[0] ?? null)?->standing ?? '';
        $answer = $said === '' ? $record->answer?->named($this->database) : null;
        return (new PatientCardView($this->words, $record, $answer, $today, "$this->pages/index.php"))->html();
    }
}
