<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Settings;

/**
 * An address that this server may send a request to, and the one IP address it is sent to.
 *
 * Without TLS only this machine or a private network may be asked, so that neither the token nor what is answered
 * passes where somebody can read it. The name is resolved once, and the request goes to what was looked at.
 */
final class Address
{
    private function __construct(
        public readonly string $url,
        public readonly string $host,
        public readonly int $port,
        public readonly string $ip
    ) {
    }

    /**
     * Look at an address.
     *
     * @throws Unfit where nothing may be sent there
     */
    public static function of(string $url, Resolver $resolver): self
    {
        $url = rtrim(trim($url), '/');
        $parts = preg_match('/[\x00-\x20\x7f\\\\]/', $url) ? false : parse_url($url);
        $scheme = strtolower($parts['scheme'] ?? '');
        if ($parts === false || !in_array($scheme, ['http', 'https'], true) || ($parts['host'] ?? '') === '') {
            throw new Unfit('The address has to begin with https:// or http://.');
        }
        if (isset($parts['user']) || isset($parts['pass']) || isset($parts['query']) || isset($parts['fragment'])) {
            throw new Unfit('The address may hold no user name, no question mark and no #.');
        }
        $host = trim($parts['host'], '[]');
        $addresses = $resolver->addresses($host);
        if ($addresses === []) {
            throw new Unfit('The name in the address is not known.');
        }
        foreach ($addresses as $ip) {
            self::check($ip, $scheme);
        }
        return new self($url, $host, $parts['port'] ?? ($scheme === 'https' ? 443 : 80), $addresses[0]);
    }

    /** Nobody's, link-local (where clouds keep their machines' secrets) and multicast addresses are never asked. */
    private static function check(string $ip, string $scheme): void
    {
        $nobody = ['0.0.0.0/8', '169.254.0.0/16', '224.0.0.0/3', '::/128', 'fe80::/10', 'ff00::/8', '::ffff:0:0/96'];
        if (self::within($ip, $nobody)) {
            throw new Unfit('This address is not one of a service.');
        }
        $private = ['127.0.0.0/8', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '::1/128', 'fc00::/7'];
        if ($scheme === 'http' && !self::within($ip, $private)) {
            throw new Unfit('Outside of this machine and of a private network the address has to begin with https://.');
        }
    }

    /** @param list<string> $networks */
    private static function within(string $ip, array $networks): bool
    {
        $bytes = (string) inet_pton($ip);
        foreach ($networks as $network) {
            [$base, $length] = explode('/', $network);
            $base = (string) inet_pton($base);
            $length = (int) $length;
            if (strlen($base) === strlen($bytes) && self::bits($base, $length) === self::bits($bytes, $length)) {
                return true;
            }
        }
        return false;
    }

    private static function bits(string $bytes, int $length): string
    {
        $bits = '';
        foreach (str_split($bytes) as $byte) {
            $bits .= str_pad(decbin(ord($byte)), 8, '0', STR_PAD_LEFT);
        }
        return substr($bits, 0, $length);
    }
}
