<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Core;

use OpenEMR\Common\Acl\AclMain;
use OpenEMR\Common\Session\SessionWrapperFactory;

/** The user of core's session: of a page the person, of an API request the token's user. */
final class OpenEmrAccess implements Access
{
    /** @var array<string, bool> by user, section, value and right */
    private array $answered = [];

    public function may(string $section, string $value, string $right = ''): bool
    {
        $user = $this->userName();
        $asked = "$user/$section/$value/$right";
        // Core asks its database every time; within one request nobody's rights change.
        return $this->answered[$asked] ??= $user !== ''
            && (bool) AclMain::aclCheckCore($section, $value, $user, $right);
    }

    public function userId(): int
    {
        $id = $this->session('authUserID');
        return is_numeric($id) ? (int) $id : 0;
    }

    public function userName(): string
    {
        return $this->text('authUser');
    }

    public function group(): string
    {
        return $this->text('authProvider');
    }

    private function text(string $name): string
    {
        $value = $this->session($name);
        return is_string($value) ? $value : '';
    }

    private function session(string $name): mixed
    {
        return SessionWrapperFactory::getInstance()->getActiveSession()->get($name);
    }
}
