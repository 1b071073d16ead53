<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Log;

use OpenEMR\Common\Auth\AuthUtils;
use OpenEMR\Core\OEGlobalsBag;
use OpenEMR\Modules\MassageBilling\Core\Access;
use OpenEMR\Modules\MassageBilling\Core\Database;

/** As core's ESign\Form_Controller: AuthUtils::confirmPassword of the session's user. */
final class OpenEmrIdentity implements Identity
{
    public function __construct(private readonly Access $access, private readonly Database $database)
    {
    }

    /** Where a clinic signs in with Google, a user with a Google address may have no password of OpenEMR. */
    public function hasPassword(): bool
    {
        if (!OEGlobalsBag::getInstance()->getBoolean('google_signin_enabled')) {
            return true;
        }
        $address = $this->database->value(
            'SELECT google_signin_email FROM users WHERE id = ?',
            [$this->access->userId()]
        );
        return (string) $address === '';
    }

    public function isPassword(string $password): bool
    {
        return $password !== '' && (bool) (new AuthUtils())->confirmPassword($this->access->userName(), $password);
    }
}
