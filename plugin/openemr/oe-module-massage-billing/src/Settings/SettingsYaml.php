<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Settings;

/** The part of the Python side's settings.yaml that names this OpenEMR, ready to be pasted. */
final class SettingsYaml
{
    /**
     * @param string $fhir base of the FHIR API
     * @param string $token address of the token endpoint
     * @param list<string> $scopes
     * @param string $zone IANA zone of the clinic; "" where it is not known
     */
    public static function text(
        string $fhir,
        string $token,
        string $client,
        string $keyFile,
        string $kid,
        array $scopes,
        string $zone
    ): string {
        $lines = [
            'hosts:',
            '  openemr:',
            '    kind: openemr',
            '    url: ' . self::quoted($fhir),
            '    auth:',
            '      kind: smart',
            '      client_id: ' . self::quoted($client),
            '      key_file: ' . self::quoted($keyFile) . '    # chmod 600',
            '      key_id: ' . self::quoted($kid),
            '      token_url: ' . self::quoted($token),
            '      algorithm: ' . JwkSet::ALGORITHM,
            '      scopes:',
            ...array_map(static fn(string $scope): string => '        - ' . self::quoted($scope), $scopes),
            '    zone: ' . ($zone === '' ? 'America/Los_Angeles    # the clinic\'s own' : self::quoted($zone)),
            '    place_of_service: "11"',
            '    billing:',
            '      start: YYYY-MM-DD    # the first date of service that is billed',
        ];
        return implode("\n", $lines) . "\n";
    }

    /** JSON's quoting is YAML's. */
    private static function quoted(string $text): string
    {
        return json_encode($text, JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE);
    }
}
