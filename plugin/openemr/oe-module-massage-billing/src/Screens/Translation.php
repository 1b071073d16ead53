<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Screens;

use OpenEMR\Common\Session\SessionWrapperFactory;

/**
 * Core's translation of our English words.
 *
 * Core's xl() asks the database once for each text, also where the user reads English: a card would cost twenty
 * statements. So English is taken as it is.
 */
final class Translation
{
    /** lang_languages.lang_id of English, in every OpenEMR. */
    private const ENGLISH = 1;

    /** @return \Closure(string): string */
    public static function ofCore(): \Closure
    {
        $language = SessionWrapperFactory::getInstance()->getActiveSession()->get('language_choice');
        return in_array((int) $language, [0, self::ENGLISH], true)
            ? static fn(string $text): string => $text
            : static fn(string $text): string => (string) xl($text);
    }
}
