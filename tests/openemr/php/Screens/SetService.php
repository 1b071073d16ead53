<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Screens;

use OpenEMR\Modules\MassageBilling\Core\Secrets;
use OpenEMR\Modules\MassageBilling\Settings\Address;
use OpenEMR\Modules\MassageBilling\Settings\Answered;
use OpenEMR\Modules\MassageBilling\Settings\Resolver;
use OpenEMR\Modules\MassageBilling\Settings\Transport;
use OpenEMR\Modules\MassageBilling\Settings\Unreachable;

/** A network of one service that answers what a test sets, names that are known, and secrets that are turned around. */
final class SetService implements Transport, Resolver, Secrets
{
    /** @var list<array{method: string, url: string, ip: string, headers: list<string>, body: string}> */
    public array $sent = [];

    /** @param array<string, list<string>> $names */
    public function __construct(
        public int $status = 202,
        public string $body = '{"id": "1"}',
        public array $names = ['127.0.0.1' => ['127.0.0.1'], 'service.example' => ['10.0.0.7']],
        public bool $reachable = true
    ) {
    }

    public function send(string $method, Address $address, string $path, array $headers = [], string $body = ''): Answered
    {
        $this->sent[] = [
            'method' => $method, 'url' => $address->url . $path, 'ip' => $address->ip, 'headers' => $headers, 'body' => $body,
        ];
        if (!$this->reachable) {
            throw new Unreachable('There was no answer within 5 seconds.');
        }
        return new Answered($this->status, $this->body);
    }

    public function addresses(string $host): array
    {
        return $this->names[$host] ?? [];
    }

    public function seal(string $secret): string
    {
        return 'sealed:' . strrev($secret);
    }

    public function open(string $sealed): ?string
    {
        return str_starts_with($sealed, 'sealed:') ? strrev(substr($sealed, 7)) : null;
    }
}
