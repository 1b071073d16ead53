<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Settings;

/** The machine's own way to resolve names, /etc/hosts included. */
final class DnsResolver implements Resolver
{
    public function addresses(string $host): array
    {
        if (filter_var($host, FILTER_VALIDATE_IP) !== false) {
            return [$host];
        }
        $four = gethostbynamel($host) ?: [];
        $six = array_column(@dns_get_record($host, DNS_AAAA) ?: [], 'ipv6');
        return array_values([...$four, ...$six]);
    }
}
