<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Settings;

use OpenEMR\Modules\MassageBilling\Settings\Address;
use OpenEMR\Modules\MassageBilling\Settings\CurlTransport;
use OpenEMR\Modules\MassageBilling\Settings\DnsResolver;
use OpenEMR\Modules\MassageBilling\Settings\Unreachable;
use PHPUnit\Framework\TestCase;

/** What is sent over a real socket, to a server of one answer. */
final class CurlTransportTest extends TestCase
{
    /** @var resource|null */
    private $server = null;

    /** @var array<int, resource> */
    private array $pipes = [];

    protected function tearDown(): void
    {
        if ($this->server !== null) {
            proc_terminate($this->server, 9);
            proc_close($this->server);
        }
    }

    public function testARequestIsSentWithItsHeadersAndBody(): void
    {
        $url = $this->serve('HTTP/1.1 202 Accepted\r\nContent-Length: 11\r\n\r\n{"id": "1"}');
        $answered = $this->send($url, 'POST', ['Authorization: Bearer secret'], '{"job":"run"}');
        self::assertSame([202, ['id' => '1']], [$answered->status, $answered->json()]);
        $asked = (string) stream_get_contents($this->pipes[1]);
        self::assertStringStartsWith('POST /jobs/run HTTP/1.1', $asked);
        self::assertStringContainsString('Authorization: Bearer secret', $asked);
        self::assertStringEndsWith('{"job":"run"}', $asked);
    }

    public function testARedirectIsNotFollowed(): void
    {
        $url = $this->serve('HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n');
        self::assertSame(302, $this->send($url, 'GET')->status);
    }

    public function testAnAnswerWithoutEndIsGivenUp(): void
    {
        $url = $this->serve('HTTP/1.1 200 OK\r\n\r\n', 5_000_000);
        $this->expectException(Unreachable::class);
        $this->expectExceptionMessage('too long');
        $this->send($url, 'GET');
    }

    public function testWhereNothingListensThatIsSaid(): void
    {
        $socket = stream_socket_server('tcp://127.0.0.1:0');
        $name = stream_socket_get_name($socket, false);
        fclose($socket);
        $this->expectException(Unreachable::class);
        $this->expectExceptionMessage('Nothing answers');
        $this->send("http://$name", 'GET');
    }

    public function testAnHttpServerBehindHttpsIsNotTalkedTo(): void
    {
        $url = $this->serve('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
        $this->expectException(Unreachable::class);
        $this->send(str_replace('http:', 'https:', $url), 'GET');
    }

    /** @param list<string> $headers */
    private function send(string $url, string $method, array $headers = [], string $body = ''): \OpenEMR\Modules\MassageBilling\Settings\Answered
    {
        $path = $method === 'POST' ? '/jobs/run' : '/healthz';
        return (new CurlTransport())->send($method, Address::of($url, new DnsResolver()), $path, $headers, $body);
    }

    /** A process that takes one connection, answers, and tells what it was asked. */
    private function serve(string $answer, int $more = 0): string
    {
        $code = '$s = stream_socket_server("tcp://127.0.0.1:0"); fwrite(STDERR, stream_socket_get_name($s, false) . "\n");'
            . '$c = stream_socket_accept($s, 20); $r = ""; while (!str_contains($r, "\r\n\r\n")) { $p = fread($c, 8192);'
            . ' if ($p === "" || $p === false || $p[0] === "\x16") break; $r .= $p; }'
            . 'if (preg_match("/Content-Length: (\d+)/", $r, $m)) { while (strlen(explode("\r\n\r\n", $r, 2)[1]) < (int) $m[1]) $r .= fread($c, 8192); }'
            . '@fwrite($c, base64_decode("' . base64_encode(stripcslashes($answer)) . '")); for ($i = 0; $i < ' . $more . '; $i += 10000) if (@fwrite($c, str_repeat("x", 10000)) === false) break;'
            . 'fclose($c); fwrite(STDOUT, $r);';
        $this->server = proc_open([PHP_BINARY, '-n', '-r', $code], [1 => ['pipe', 'w'], 2 => ['pipe', 'w']], $this->pipes);
        return 'http://' . trim((string) fgets($this->pipes[2]));
    }
}
