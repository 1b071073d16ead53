<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Fhir;

use OpenEMR\Common\Http\HttpRestRequest;

/** What core knows of a token's scopes beyond whether they cover the request. */
final class OpenEmrScopes
{
    /**
     * Whether every scope that covers the request has a restriction ("user/Task.rs?status=ready"). Core takes such
     * scopes for any type and leaves it to the type's service to obey them; ours do not, so they are not let through.
     */
    public static function areRestricted(HttpRestRequest $request): bool
    {
        $covering = $request->getAllContainedScopesForScopeEntity($request->getRequestRequiredScope());
        foreach ($covering as $scope) {
            if ($scope->getPermissions()->getConstraints() === []) {
                return false;
            }
        }
        return $covering !== [];
    }
}
