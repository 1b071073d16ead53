<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Settings;

use OpenEMR\Modules\MassageBilling\Settings\JwkSet;
use OpenEMR\Modules\MassageBilling\Settings\KeyPair;
use OpenEMR\Modules\MassageBilling\Settings\Unfit;
use PHPUnit\Framework\TestCase;

final class JwkSetTest extends TestCase
{
    private static KeyPair $pair;

    public static function setUpBeforeClass(): void
    {
        self::$pair = KeyPair::create();
    }

    public function testAKeyMadeHereSignsWhatItsPublicPartVerifies(): void
    {
        $private = openssl_pkey_get_private(self::$pair->privatePem);
        self::assertNotFalse($private);
        $details = openssl_pkey_get_details($private);
        self::assertSame(3072, $details['bits']);
        $key = self::$pair->public->keys[0];
        self::assertSame(rtrim(strtr(base64_encode($details['rsa']['n']), '+/', '-_'), '='), $key['n']);
        self::assertSame(['RSA', 'AQAB', 'RS384', 'sig'], [$key['kty'], $key['e'], $key['alg'], $key['use']]);
        self::assertSame(43, strlen($key['kid']));
        self::assertStringNotContainsString('"d"', self::$pair->public->json());
    }

    public function testAClinicsOwnSetIsTakenWithItsKid(): void
    {
        $key = ['kid' => 'clinic-1', 'x5c' => ['…']] + self::$pair->public->keys[0];
        $read = JwkSet::read(json_encode(['keys' => [$key]]));
        self::assertSame('clinic-1', $read->kid());
        self::assertStringNotContainsString('x5c', $read->json());
        unset($key['kid']);
        self::assertSame(self::$pair->public->kid(), JwkSet::read(json_encode($key))->kid());
    }

    /** @dataProvider bad */
    public function testWhatCannotServeIsRefused(string $json, string $why): void
    {
        $this->expectException(Unfit::class);
        $this->expectExceptionMessage($why);
        JwkSet::read($json);
    }

    /** @return array<string, array{string, string}> */
    public static function bad(): array
    {
        $n = str_repeat('_wAB', 128);
        return [
            'nothing' => ['', 'no JWK Set'],
            'a PEM' => ['-----BEGIN PUBLIC KEY-----', 'no JWK Set'],
            'no keys' => ['{"keys": []}', 'no JWK Set'],
            'a private key' => ['{"keys": [{"kty": "RSA", "n": "' . $n . '", "e": "AQAB", "d": "AQAB"}]}', 'private key'],
            'a secret' => ['{"keys": [{"kty": "oct", "k": "AQAB"}]}', 'private key'],
            'an EC key' => ['{"keys": [{"kty": "EC", "crv": "P-384", "x": "A", "y": "B"}]}', 'RSA keys only'],
            'a short key' => ['{"keys": [{"kty": "RSA", "n": "' . str_repeat('AQAB', 80) . '", "e": "AQAB"}]}', '3072 bits'],
            'zeros before a short key' => ['{"keys": [{"kty": "RSA", "n": "' . str_repeat('AAAA', 100) . 'AQAB", "e": "AQAB"}]}', '3072 bits'],
            'a kid with blanks' => ['{"keys": [{"kty": "RSA", "n": "' . $n . '", "e": "AQAB", "kid": "a b"}]}', 'kid'],
        ];
    }
}
