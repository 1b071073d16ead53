<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Fhir;

/** A request to one of our routes, free of core's classes. */
final class Call
{
    /**
     * @param string $type the resource type of the route
     * @param string|null $id the id in the path
     * @param string|null $version the version in the path
     * @param list<array{string, string}> $pairs the parameters, unquoted, each as often as it was given
     * @param array<string, string> $headers by their names in small letters
     */
    public function __construct(
        public readonly string $type,
        public readonly Caller $caller,
        public readonly ?string $id = null,
        public readonly ?string $version = null,
        public readonly array $pairs = [],
        public readonly array $headers = [],
        public readonly string $body = ''
    ) {
    }

    public function header(string $name): ?string
    {
        $value = trim($this->headers[$name] ?? '');
        return $value === '' ? null : $value;
    }

    /** What Prefer says of a thing: "minimal" of "return" (RFC 7240). */
    public function prefers(string $what): ?string
    {
        foreach (preg_split('/[,;]/', $this->headers['prefer'] ?? '') ?: [] as $part) {
            [$name, $value] = array_pad(explode('=', trim($part), 2), 2, '');
            if (strtolower(trim($name)) === $what) {
                return trim($value, " \t\"");
            }
        }
        return null;
    }

    /** The version in an If-Match or If-None-Match header; null where there is none, 0 where it is none of ours. */
    public function version(string $header): ?int
    {
        $value = $this->header($header);
        if ($value === null || $value === '*') {
            return null;
        }
        // A web server that compresses answers puts its own end to the tag.
        $form = '/^(?:W\/)?"?([1-9][0-9]{0,8})(?:-(?:gzip|br|deflate|zstd))?"?$/D';
        return preg_match($form, $value, $found) === 1 ? (int) $found[1] : 0;
    }
}
