<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Settings;

/** Sends one HTTP request from this server. */
interface Transport
{
    /**
     * The status and the text of the answer. A redirect is answered as such, never followed.
     *
     * @param list<string> $headers "Accept: application/json"
     * @throws Unreachable where there is no answer in time, or it is too long
     */
    public function send(
        string $method,
        Address $address,
        string $path,
        array $headers = [],
        string $body = ''
    ): Answered;
}
