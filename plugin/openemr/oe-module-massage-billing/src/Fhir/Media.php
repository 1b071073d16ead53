<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Fhir;

/** In what form requests and answers come: JSON only (FHIR R4, http.html#mime-type). */
final class Media
{
    /** What is answered in. */
    public const JSON = 'application/fhir+json';

    /** Bytes of a body; a Claim has some ten thousand. */
    public const LIMIT = 2097152;

    /** Refused (406) where the client takes no JSON. */
    public static function accepts(Call $call): void
    {
        $accept = $call->header('accept');
        if ($accept !== null && preg_match('~json|\*/\*|application/\*~i', $accept) !== 1) {
            throw new Refused(406, 'not-supported', 'This server answers in JSON only.');
        }
    }

    /** The resource of a body. */
    public static function document(Call $call): Document
    {
        self::accepts($call);
        $type = $call->header('content-type');
        if ($type !== null && preg_match('~^(application|text)/(fhir\+)?json\b~i', $type) !== 1) {
            throw new Refused(415, 'not-supported', 'This server takes JSON only.');
        }
        if (!in_array($call->header('content-encoding'), [null, 'identity'], true)) {
            throw new Refused(415, 'not-supported', 'This server takes bodies as they are, not compressed.');
        }
        self::size(strlen($call->body));
        return Document::parse($call->body);
    }

    /** Refused (413) where a body is too large. */
    public static function size(int $bytes): void
    {
        if ($bytes > self::LIMIT) {
            throw new Refused(413, 'too-long', 'The body has more than ' . self::LIMIT . ' bytes.');
        }
    }
}
