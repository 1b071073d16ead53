<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Settings;

/** A new RSA key pair. The private key is shown once to whoever asked for it, and is kept nowhere. */
final class KeyPair
{
    /** NIST SP 800-57: as strong as 128 bits, beyond 2030. */
    private const BITS = 3072;

    private function __construct(public readonly string $privatePem, public readonly JwkSet $public)
    {
    }

    public static function create(): self
    {
        $key = openssl_pkey_new(['private_key_bits' => self::BITS, 'private_key_type' => OPENSSL_KEYTYPE_RSA]);
        $pem = '';
        if ($key === false || !openssl_pkey_export($key, $pem)) {
            throw new Unfit('PHP could not make a key here: paste the JWK Set of one that was made elsewhere.');
        }
        $details = openssl_pkey_get_details($key);
        if ($details === false) {
            throw new Unfit('PHP could not make a key here: paste the JWK Set of one that was made elsewhere.');
        }
        return new self($pem, JwkSet::of($details['rsa']['n'], $details['rsa']['e']));
    }
}
