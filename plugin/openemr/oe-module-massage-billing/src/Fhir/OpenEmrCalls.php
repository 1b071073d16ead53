<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Fhir;

use OpenEMR\Common\Http\HttpRestRequest;

/** Reads core's request into a Call. */
final class OpenEmrCalls
{
    private const HEADERS = [
        'accept', 'content-type', 'content-encoding', 'if-match', 'if-none-match', 'if-none-exist', 'prefer',
    ];

    /** A search, a read or a write of one type. */
    public static function read(
        HttpRestRequest $request,
        string $type,
        ?string $id = null,
        ?string $version = null,
        bool $body = false
    ): Call {
        $headers = [];
        foreach (self::HEADERS as $name) {
            $headers[$name] = $request->getHeaderLine($name);
        }
        if ($body) {
            Media::size((int) $request->getHeaderLine('content-length'));
        }
        return new Call(
            $type,
            self::caller($request),
            $id,
            $version,
            $body ? [] : self::pairs($request),
            $headers,
            $body ? self::content($request) : ''
        );
    }

    /** Whom core found behind the token. Whoever is a patient, or may see one patient only, is bound to that one. */
    private static function caller(HttpRestRequest $request): Caller
    {
        $role = $request->getRequestUserRole();
        if (!$request->isLocalApi() && OpenEmrScopes::areRestricted($request)) {
            throw new Refused(403, 'forbidden', 'Scopes with a restriction are not supported for this type.');
        }
        if ($role !== 'patient' && !$request->isPatientRequest()) {
            return new Caller($role);
        }
        $patient = $request->getPatientUUIDString();
        if ($patient === null || $patient === '') {
            throw new Refused(403, 'forbidden', 'The token names no patient.');
        }
        return new Caller($role, Reference::id($patient));
    }

    /**
     * The parameters as the client sent them. Core makes PHP's $_GET of them, in which the last of several is left; the
     * web server's own variables still have all. They are believed only where they lead to the same $_GET.
     *
     * @return list<array{string, string}>
     */
    private static function pairs(HttpRestRequest $request): array
    {
        $known = $request->getQueryParams();
        $form = self::form($request);
        foreach ([getenv('QUERY_STRING'), getenv('REDIRECT_QUERY_STRING')] as $line) {
            $sent = is_string($line) ? array_values(array_filter(
                Pairs::split($line),
                static fn(array $pair): bool => $pair[0] !== '_REWRITE_COMMAND'
            )) : [];
            if (self::merged($sent, $form) == $known) {
                return [...$sent, ...$form];
            }
        }
        $pairs = [];
        foreach ($known as $name => $values) {
            foreach (is_array($values) ? $values : [$values] as $value) {
                $pairs[] = [(string) $name, is_scalar($value) ? (string) $value : ''];
            }
        }
        return $pairs;
    }

    /** @return list<array{string, string}> the form of a POST to _search, which core has made a GET of */
    private static function form(HttpRestRequest $request): array
    {
        $isForm = str_starts_with($request->getHeaderLine('content-type'), 'application/x-www-form-urlencoded');
        return $isForm ? Pairs::split(self::content($request)) : [];
    }

    /**
     * What PHP and core's SearchRequestNormalizer make of the parameters.
     *
     * @param list<array{string, string}> $sent
     * @param list<array{string, string}> $form
     * @return array<array-key, mixed>
     */
    private static function merged(array $sent, array $form): array
    {
        parse_str(Pairs::join($sent), $all);
        parse_str(Pairs::join($form), $more);
        foreach ($more as $name => $value) {
            $all[$name] = isset($all[$name]) ? [...(array) $all[$name], $value] : $value;
        }
        return $all;
    }

    private static function content(HttpRestRequest $request): string
    {
        $content = $request->getBody();
        return is_string($content) ? $content : '';
    }
}
