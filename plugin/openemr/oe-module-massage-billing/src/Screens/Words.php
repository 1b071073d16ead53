<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Screens;

/**
 * Writes small pieces of HTML for pages of core's, every value escaped.
 *
 * The pages of the module's own are Twig; here a template would cost more than all else, since it is compiled for each
 * page anew.
 */
final class Words
{
    /**
     * @param \Closure(string): string $translate core's xl()
     * @param \Closure(string): string $day an ISO date as the clinic writes dates
     */
    public function __construct(private readonly \Closure $translate, private readonly \Closure $day)
    {
    }

    /** With core's translation and date format. */
    public static function ofCore(): self
    {
        return new self(
            Translation::ofCore(),
            static fn(string $day): string => $day === '' ? '' : (string) oeFormatShortDate($day)
        );
    }

    /** Words of ours, in the user's language. */
    public function say(string $english): string
    {
        return self::text($this->plain($english));
    }

    /** The same without HTML, for where core escapes it. */
    public function plain(string $english): string
    {
        return ($this->translate)($english);
    }

    /** A day, as the clinic writes it. */
    public function day(string $iso): string
    {
        return self::text(($this->day)($iso));
    }

    /** What somebody wrote, as text; for attributes too. */
    public static function text(string $raw): string
    {
        return htmlspecialchars($raw, ENT_QUOTES | ENT_SUBSTITUTE, 'UTF-8');
    }

    /** How an appointment stands, by symbol, word and colour. */
    public function mark(Readiness $shown): string
    {
        return "<span class=\"badge badge-{$shown->colour()}\"><span aria-hidden=\"true\">{$shown->symbol()}</span> "
            . $this->say($shown->word()) . '</span>';
    }

    /** @param list<string> $texts */
    public function list(array $texts, string $class = ''): string
    {
        $items = array_map(static fn(string $text): string => '<li>' . self::text($text) . '</li>', $texts);
        return $items === [] ? '' : "<ul class=\"mb-1 pl-3 $class\">" . implode('', $items) . '</ul>';
    }
}
