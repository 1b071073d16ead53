<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Fhir;

use OpenEMR\Events\RestApiExtend\RestApiScopeEvent;

/**
 * The SMART scopes of our types: which ones exist, and which ones the program needs.
 *
 * What core 8.2 does with scope strings (ScopeEntity, ScopePermissionObject, ResourceScopeEntityList, ScopeRepository):
 * - A scope is `context/Type.permission`. A permission is `read`, `write`, or letters out of c r u d s in this order,
 *   each once (`crus` is one, `csu` is invalid).
 * - It may be registered and asked for where one single declared scope of the same context and type has all its
 *   letters: `crus` declared lets `c`, `cru`, `crs` … through. `read` means r and s, `write` means c, u and d.
 * - By a fault of core's, whatever has r and s, or c, u and d, passes for every type that has any declared scope:
 *   `cruds`, `write`, even `patient/Claim.crus`. So what a caller may do is decided by our routes, not by what is
 *   declared. A restriction (`rs?status=ready`) passes too and is left to us: OpenEmrScopes.
 * - At a route GET with an id asks for r, without one for s (so does POST to `_search`), POST for c, PUT for u. Letters
 *   may come from several scopes of the token.
 * - Declared ones are the same for all clients, and `system/` ones count only where the administrator has enabled
 *   system scopes (Administration, Config, Connectors: `rest_system_scopes_api`).
 * - A scope of a type that no enabled module declares makes registration fail with `invalid_scope`.
 *
 * Nothing is ever deleted here, so `d` and `cruds` are not declared. A patient's token may read, never write.
 */
final class Scopes
{
    /** Types of core's that the program reads (plugin/massage_billing/hosts/openemr_can.py names the same). */
    private const READ = [
        'Appointment', 'Condition', 'Coverage', 'Encounter', 'Location', 'Observation', 'Organization', 'Patient',
        'Practitioner', 'PractitionerRole', 'Procedure', 'ServiceRequest',
    ];

    /** Types that the program writes once and never changes. */
    private const WRITTEN_ONCE = ['CoverageEligibilityRequest', 'CoverageEligibilityResponse'];

    /** Types of ours that are computed, and only read. */
    private const COMPUTED = ['ChargeItem', 'ClaimResponse', 'Consent'];

    /** Declare our scopes; core tells the event once for its FHIR API and once for its own. */
    public static function register(RestApiScopeEvent $event): void
    {
        if ($event->getApiType() !== RestApiScopeEvent::API_TYPE_FHIR) {
            return;
        }
        $contexts = $event->isSystemScopesEnabled() ? ['user', 'system'] : ['user'];
        $declared = $event->getScopes();
        foreach (self::declared($contexts) as [$context, $type, $permission]) {
            if (!in_array("$context/$type.$permission", $declared, true)) {
                $event->addScope($context, $type, $permission);
            }
        }
    }

    /**
     * The scopes that the program's client is registered with and asks for: least, as far as core lets them be small.
     *
     * @return list<string>
     */
    public static function needed(): array
    {
        $read = array_map(static fn(string $type): string => "system/$type.rs", [...self::READ, ...self::COMPUTED]);
        $written = array_map(
            static fn(string $type): string =>
                "system/$type." . (in_array($type, self::WRITTEN_ONCE, true) ? 'crs' : 'crus'),
            Types::all()
        );
        return ['openid', 'api:fhir', ...$read, ...$written];
    }

    /**
     * @param list<string> $contexts
     * @return iterable<array{string, string, string}>
     */
    private static function declared(array $contexts): iterable
    {
        foreach (Types::all() as $type) {
            foreach ($contexts as $context) {
                yield [$context, $type, 'read'];
                yield [$context, $type, 'write'];
                yield [$context, $type, 'crus'];
            }
        }
        foreach ([...self::COMPUTED, ...Types::all()] as $type) {
            $readers = in_array($type, self::COMPUTED, true) ? [...$contexts, 'patient'] : ['patient'];
            foreach ($readers as $context) {
                yield [$context, $type, 'read'];
                yield [$context, $type, 'rs'];
            }
        }
    }
}
