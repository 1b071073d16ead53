<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Screens;

use OpenEMR\Common\Csrf\CsrfUtils;
use OpenEMR\Common\Session\SessionWrapperFactory;

/** Core's token, of the session, for the module's own forms. */
final class OpenEmrCsrf implements Csrf
{
    private const SUBJECT = 'massage-billing';

    public function token(): string
    {
        return CsrfUtils::collectCsrfToken(SessionWrapperFactory::getInstance()->getActiveSession(), self::SUBJECT);
    }

    public function valid(string $token): bool
    {
        $session = SessionWrapperFactory::getInstance()->getActiveSession();
        return CsrfUtils::verifyCsrfToken($token, $session, self::SUBJECT);
    }
}
