<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Fhir;

/** OperationOutcomes: what is answered where something did not go as asked. */
final class Outcome
{
    public static function of(Refused $refused): Answer
    {
        $issues = [];
        foreach ($refused->at as $element => $sentence) {
            $issues[] = self::issue('error', $refused->issue, $sentence) + ['expression' => [$element]];
        }
        $issues = $issues ?: [self::issue('error', $refused->issue, $refused->getMessage())];
        $headers = match ($refused->status) {
            405 => ['Allow' => 'GET'],
            503 => ['Retry-After' => '1'],
            default => [],
        };
        return new Answer($refused->status, self::text($issues), $headers);
    }

    /** A fault of ours: that there was one, and nothing of it. */
    public static function fault(): Answer
    {
        $text = 'The server failed to answer; its log says where.';
        return new Answer(500, self::text([self::issue('fatal', 'exception', $text)]));
    }

    /** @param list<array<string, mixed>> $issues */
    public static function text(array $issues): string
    {
        return Json::encode(['resourceType' => 'OperationOutcome', 'issue' => $issues]);
    }

    /** @return array<string, mixed> */
    public static function issue(string $severity, string $code, string $text): array
    {
        return ['severity' => $severity, 'code' => $code, 'diagnostics' => $text];
    }
}
