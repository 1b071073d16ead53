<?php

declare(strict_types=1);

namespace OpenEMR\RestControllers\Config;

use OpenEMR\Common\Http\HttpRestRequest;

/** Core's check of a user's right to an API route. */
class RestConfig
{
    /** @var list<string> the rights that the test's user has, "patients/med"; for tests */
    public static array $rights = [];

    public static function request_authorization_check(HttpRestRequest $request, $section, $value, $aclPermission = ''): void
    {
        if (!in_array("$section/$value", self::$rights, true)) {
            throw new \RuntimeException('Organization policy does not have permit access resource');
        }
    }
}
