<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Settings;

/** The public keys by which OpenEMR knows the Python side: what is registered, and nothing private in it. */
final class JwkSet
{
    /** Core's JsonWebKeySet verifies RS384 only. */
    public const ALGORITHM = 'RS384';
    private const BITS = 3072;
    private const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

    /** @param list<array{kty: string, n: string, e: string, kid: string, alg: string, use: string}> $keys */
    private function __construct(public readonly array $keys)
    {
    }

    /** Of one RSA key. */
    public static function of(string $modulus, string $exponent): self
    {
        $n = self::encoded($modulus);
        $e = self::encoded($exponent);
        return new self([self::key($n, $e, self::thumbprint($n, $e))]);
    }

    /**
     * As a clinic pasted it.
     *
     * @throws Unfit where it is none, or holds a private key
     */
    public static function read(string $json): self
    {
        $set = json_decode(trim($json), true);
        $keys = is_array($set) ? ($set['keys'] ?? (isset($set['kty']) ? [$set] : null)) : null;
        if (!is_array($keys) || $keys === [] || count($keys) > 5) {
            throw new Unfit('This is no JWK Set: {"keys": [ … ]} with one key.');
        }
        $read = [];
        foreach (array_values($keys) as $key) {
            $read[] = self::readKey(is_array($key) ? $key : []);
        }
        if (count(array_unique(array_column($read, 'kid'))) < count($read)) {
            throw new Unfit('Two keys of the set have the same kid.');
        }
        return new self($read);
    }

    /** kid of the first key. */
    public function kid(): string
    {
        return $this->keys[0]['kid'];
    }

    public function json(): string
    {
        return json_encode(['keys' => $this->keys], JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES);
    }

    /**
     * @param array<mixed> $key
     * @return array{kty: string, n: string, e: string, kid: string, alg: string, use: string}
     */
    private static function readKey(array $key): array
    {
        if (array_intersect(self::PRIVATE, array_keys($key)) !== []) {
            throw new Unfit(
                'This holds a private key, which has to stay where it is: make a new one, and paste its public part.'
            );
        }
        [$n, $e, $kid] = [$key['n'] ?? null, $key['e'] ?? null, $key['kid'] ?? null];
        if (($key['kty'] ?? null) !== 'RSA' || !is_string($n) || !is_string($e)) {
            throw new Unfit('OpenEMR takes RSA keys only ("kty": "RSA", with n and e).');
        }
        if (!preg_match('/^[A-Za-z0-9_-]+$/', $n . $e) || self::bits($n) < self::BITS) {
            throw new Unfit('The key has to have at least 3072 bits.');
        }
        if ($kid !== null && (!is_string($kid) || !preg_match('/^[\x21-\x7e]{1,100}$/', $kid))) {
            throw new Unfit('The kid of the key has to be a short text without blanks.');
        }
        return self::key($n, $e, $kid ?? self::thumbprint($n, $e));
    }

    /** @return array{kty: string, n: string, e: string, kid: string, alg: string, use: string} */
    private static function key(string $n, string $e, string $kid): array
    {
        return ['kty' => 'RSA', 'n' => $n, 'e' => $e, 'kid' => $kid, 'alg' => self::ALGORITHM, 'use' => 'sig'];
    }

    /** RFC 7638. */
    private static function thumbprint(string $n, string $e): string
    {
        return self::encoded(hash('sha256', '{"e":"' . $e . '","kty":"RSA","n":"' . $n . '"}', true));
    }

    private static function bits(string $encoded): int
    {
        $bytes = ltrim((string) base64_decode(strtr($encoded, '-_', '+/')), "\0");
        return $bytes === '' ? 0 : (strlen($bytes) - 1) * 8 + strlen(decbin(ord($bytes[0])));
    }

    private static function encoded(string $bytes): string
    {
        return rtrim(strtr(base64_encode($bytes), '+/', '-_'), '=');
    }
}
