<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Settings;

use OpenEMR\Modules\MassageBilling\Module;

/** Makes what the settings work with, of this request's OpenEMR. */
final class Wiring
{
    public static function store(): Store
    {
        return new Store(Module::get()->database(), Module::get()->secrets());
    }

    public static function service(): Service
    {
        return new Service(self::store(), new CurlTransport(), new DnsResolver());
    }

    public static function client(): OAuthClient
    {
        $database = Module::get()->database();
        return new OAuthClient(new OpenEmrClientRegistry($database), self::store(), $database, Module::get()->audit());
    }

    public static function activity(): Activity
    {
        return new Activity(Module::get()->database(), Module::get()->clock());
    }
}
