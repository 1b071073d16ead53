<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Screens;

/** How an appointment stands, and how that is shown: a symbol and a word beside every colour. */
enum Readiness: string
{
    case Blocked = 'blocked';
    case Act = 'act';
    case Unknown = 'unknown';
    case Ready = 'ready';
    /** What was found is of an earlier day, so it is not shown as if it held today. */
    case Old = 'old';

    /** What a Task says; whatever is not known is unknown, never ready. */
    public static function of(string $code): self
    {
        return self::tryFrom($code) ?? self::Unknown;
    }

    public function symbol(): string
    {
        return match ($this) {
            self::Blocked => '✖',
            self::Act => '▲',
            self::Unknown => '?',
            self::Ready => '✔',
            self::Old => '◌',
        };
    }

    /** English, for xl(). */
    public function word(): string
    {
        return match ($this) {
            self::Blocked => 'Blocked',
            self::Act => 'To do',
            self::Unknown => 'Not known',
            self::Ready => 'Ready',
            self::Old => 'Not looked at today',
        };
    }

    /** Bootstrap's colour name. */
    public function colour(): string
    {
        return match ($this) {
            self::Blocked => 'danger',
            self::Act, self::Unknown => 'warning',
            self::Ready => 'success',
            self::Old => 'secondary',
        };
    }
}
