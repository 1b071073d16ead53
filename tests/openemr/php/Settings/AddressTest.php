<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Settings;

use OpenEMR\Modules\MassageBilling\Settings\Address;
use OpenEMR\Modules\MassageBilling\Settings\Unfit;
use OpenEMR\Modules\MassageBilling\Tests\Screens\SetService;
use PHPUnit\Framework\TestCase;

/** Where this server may send a request: nobody can make it ask what only this server can reach by mistake or malice. */
final class AddressTest extends TestCase
{
    private const NAMES = [
        'billing.example' => ['203.0.113.9'], 'inside.example' => ['10.1.2.3'], 'both.example' => ['10.1.2.3', '203.0.113.9'],
        'metadata.example' => ['169.254.169.254'], 'localhost' => ['127.0.0.1', '::1'],
    ];

    /** @dataProvider good */
    public function testWhatMayBeAsked(string $url, string $ip, int $port): void
    {
        $address = Address::of($url, $this->names());
        self::assertSame([$ip, $port], [$address->ip, $address->port]);
    }

    /** @return array<int, array{string, string, int}> */
    public static function good(): array
    {
        return [
            ['http://127.0.0.1:8711/', '127.0.0.1', 8711],
            ['http://localhost:8711', '127.0.0.1', 8711],
            ['http://[::1]:8711', '::1', 8711],
            ['http://inside.example', '10.1.2.3', 80],
            ['https://billing.example/massage', '203.0.113.9', 443],
            ['HTTPS://billing.example', '203.0.113.9', 443],
        ];
    }

    /** @dataProvider bad */
    public function testWhatMayNotBeAsked(string $url): void
    {
        $this->expectException(Unfit::class);
        Address::of($url, $this->names());
    }

    /** @return array<int, array{string}> */
    public static function bad(): array
    {
        $bad = [
            '', '127.0.0.1:8711', '//127.0.0.1', 'file:///etc/passwd', 'gopher://127.0.0.1:25/', 'ftp://127.0.0.1', 'http://',
            'http://user:secret@127.0.0.1', 'http://127.0.0.1/?x=1', 'http://127.0.0.1/#x', "http://127.0.0.1\r\nX: y",
            'http://127.0.0.1\\@billing.example', 'http://unknown.example', 'http://billing.example', 'http://both.example',
            'http://metadata.example', 'https://metadata.example', 'http://169.254.169.254/latest', 'http://0.0.0.0:8711',
            'http://203.0.113.9', 'http://[::ffff:127.0.0.1]', 'https://[fe80::1]', 'http://224.0.0.1', 'http://[::]',
            'javascript:alert(1)', 'http:///etc', 'https://billing.example:99999',
        ];
        return array_map(static fn(string $url): array => [$url], $bad);
    }

    private function names(): SetService
    {
        $own = [];
        foreach (['127.0.0.1', '::1', '169.254.169.254', '0.0.0.0', '203.0.113.9', '::ffff:127.0.0.1', 'fe80::1', '224.0.0.1', '::'] as $ip) {
            $own[$ip] = [$ip];
        }
        return new SetService(names: self::NAMES + $own);
    }
}
