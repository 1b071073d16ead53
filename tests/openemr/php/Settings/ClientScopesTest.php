<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Settings;

use OpenEMR\Modules\MassageBilling\Settings\ClientScopes;
use PHPUnit\Framework\TestCase;

final class ClientScopesTest extends TestCase
{
    public function testEveryScopeIsToldInPlainWords(): void
    {
        foreach (ClientScopes::needed() as $scope) {
            $words = ClientScopes::inWords($scope);
            preg_match('#/(\w+)\.#', $scope, $type);
            self::assertNotSame($type[1] ?? $scope, $words['about'], "no words for $scope");
            foreach ($words['may'] as $may) {
                self::assertGreaterThan(1, strlen($may));
            }
        }
        self::assertSame(['create', 'read', 'change', 'search'], ClientScopes::inWords('system/Claim.crus')['may']);
    }

    public function testNothingMayBeDeletedAndNothingIsAskedForAllTypes(): void
    {
        foreach (ClientScopes::needed() as $scope) {
            self::assertDoesNotMatchRegularExpression('#\*|\.[crus]*d|user/|patient/|offline#', $scope);
        }
    }
}
