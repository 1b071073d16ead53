<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Settings;

/** Over PHP's curl: five seconds, certificates verified, no redirect, no proxy, to the address that was looked at. */
final class CurlTransport implements Transport
{
    private const SECONDS = 5;
    /** A CapabilityStatement of core 8.2 has 400 KB. */
    private const BYTES = 4_000_000;

    public function send(
        string $method,
        Address $address,
        string $path,
        array $headers = [],
        string $body = ''
    ): Answered {
        $curl = curl_init($address->url . $path);
        $read = '';
        $ip = str_contains($address->ip, ':') ? "[$address->ip]" : $address->ip;
        curl_setopt_array($curl, [
            CURLOPT_CUSTOMREQUEST => $method,
            CURLOPT_HTTPHEADER => $headers,
            CURLOPT_PROTOCOLS => CURLPROTO_HTTP | CURLPROTO_HTTPS,
            CURLOPT_FOLLOWLOCATION => false,
            CURLOPT_TIMEOUT => self::SECONDS,
            CURLOPT_CONNECTTIMEOUT => self::SECONDS,
            CURLOPT_SSL_VERIFYPEER => true,
            CURLOPT_SSL_VERIFYHOST => 2,
            CURLOPT_PROXY => '',
            CURLOPT_RESOLVE => ["$address->host:$address->port:$ip"],
            CURLOPT_WRITEFUNCTION => static function ($curl, string $part) use (&$read): int {
                $read .= $part;
                return strlen($read) > self::BYTES ? -1 : strlen($part);
            },
        ]);
        if ($body !== '') {
            curl_setopt($curl, CURLOPT_POSTFIELDS, $body);
        }
        if (curl_exec($curl) === false) {
            throw new Unreachable(self::why(curl_errno($curl)));
        }
        return new Answered((int) curl_getinfo($curl, CURLINFO_RESPONSE_CODE), $read);
    }

    /** English, for xl(). */
    private static function why(int $number): string
    {
        return match ($number) {
            CURLE_OPERATION_TIMEOUTED => 'There was no answer within 5 seconds.',
            CURLE_COULDNT_CONNECT => 'Nothing answers at this address.',
            51, 60 => // SSL_PEER_CERTIFICATE, whose number changed over releases of curl
                'The certificate of this address is not trusted.',
            CURLE_WRITE_ERROR => 'The answer is too long.',
            default => "The address could not be asked (curl $number).",
        };
    }
}
