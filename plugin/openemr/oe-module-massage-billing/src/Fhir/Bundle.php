<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Fhir;

/** A page of a search as a Bundle, its links, and how a next link brings its search along. */
final class Bundle
{
    /** Links longer than this carry their parameters packed: web servers take no lines above 8,000 characters. */
    private const LONG = 2000;

    /** What a packed link may unpack to, at most. */
    private const UNPACKED = 262144;

    /**
     * @param list<array{string, string}> $pairs the parameters of the search that were understood, without the cursor
     * @param string $self the cursor of this page; "" for the first
     * @param list<string> $ignored parameters that were left out, as the client preferred
     */
    public static function text(
        string $url,
        string $type,
        Page $page,
        array $pairs,
        string $self,
        \DateTimeImmutable $at,
        array $ignored
    ): string {
        $links = [['relation' => 'self', 'url' => self::link("$url/$type", $pairs, $self)]];
        if ($page->next !== null) {
            $links[] = ['relation' => 'next', 'url' => self::link("$url/$type", $pairs, $page->next)];
        }
        $entries = array_map(static fn(array|string $one): string => self::entry($url, $type, $one), $page->resources);
        if ($ignored !== []) {
            $text = 'These parameters are not known and were left out: ' . implode(', ', $ignored) . '.';
            $outcome = Outcome::text([Outcome::issue('warning', 'not-supported', $text)]);
            $entries[] = '{"resource":' . $outcome . ',"search":{"mode":"outcome"}}';
        }
        $parts = [
            '"resourceType":"Bundle"',
            '"meta":' . Json::encode(['lastUpdated' => Json::instant($at)]),
            '"type":"searchset"',
            ...($page->total === null ? [] : ["\"total\":$page->total"]),
            '"link":' . Json::encode($links),
            ...($entries === [] ? [] : ['"entry":[' . implode(',', $entries) . ']']),
        ];
        return '{' . implode(',', $parts) . '}';
    }

    /**
     * The parameters a client sent, those of a packed link unpacked.
     *
     * @param list<array{string, string}> $pairs
     * @return list<array{string, string}>
     */
    public static function unpacked(array $pairs): array
    {
        if (count($pairs) !== 1 || $pairs[0][0] !== '_page') {
            return $pairs;
        }
        $packed = base64_decode(strtr($pairs[0][1], '-_', '+/'), true);
        $text = $packed === false ? false : @gzinflate($packed, self::UNPACKED);
        if ($text === false) {
            throw new Refused(400, 'value', 'The value of _page is none that was given.');
        }
        return Pairs::split($text);
    }

    /** @param list<array{string, string}> $pairs */
    private static function link(string $url, array $pairs, string $cursor): string
    {
        $query = Pairs::join($cursor === '' ? $pairs : [...$pairs, ['_cursor', $cursor]]);
        if (strlen($query) > self::LONG) {
            $packed = rtrim(strtr(base64_encode((string) gzdeflate($query, 9)), '+/', '-_'), '=');
            $query = "_page=$packed";
        }
        return $query === '' ? $url : "$url?$query";
    }

    /** @param array<string, mixed>|string $resource */
    private static function entry(string $url, string $type, array|string $resource): string
    {
        $text = is_string($resource) ? $resource : Json::encode($resource);
        // What is kept begins with its type and id, as Document wrote it.
        $id = is_array($resource) ? (string) ($resource['id'] ?? '')
            : (preg_match('/^\{"resourceType":"[A-Za-z]+","id":"([^"]+)"/', $resource, $found) === 1 ? $found[1] : '');
        $full = Json::encode("$url/$type/$id");
        return "{\"fullUrl\":$full,\"resource\":$text,\"search\":{\"mode\":\"match\"}}";
    }
}
