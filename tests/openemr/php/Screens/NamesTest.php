<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Screens;

use OpenEMR\Modules\MassageBilling\Billing\Names as BillingNames;
use OpenEMR\Modules\MassageBilling\Screens\Names;
use PHPUnit\Framework\TestCase;

/** What the screens look for is what the Python side and the module write. */
final class NamesTest extends TestCase
{
    public function testTheNamesAreThoseOfThePythonSide(): void
    {
        $python = (string) file_get_contents(MODULE . '/../../massage_billing/fhir/names.py');
        preg_match_all('/^(\w+): Final = f?"(.*)"$/m', $python, $found);
        $there = array_combine($found[1], str_replace('{BASE}', 'https://massage-billing.org/fhir', $found[2]));
        foreach ([
            'BASE' => Names::BASE, 'SID_OUTLOOK_KEY' => Names::OUTLOOK_KEY, 'SID_CLAIM_KEY' => Names::CLAIM_KEY,
            'CS_OUTLOOK' => Names::OUTLOOK, 'CS_TASK_CODE' => Names::TASK_CODE, 'TASK_OUTLOOK' => Names::VISIT_OUTLOOK,
            'TASK_HOLD' => Names::BILLING_HOLD,
        ] as $name => $ours) {
            self::assertSame($there[$name] ?? null, $ours, $name);
        }
        self::assertSame(BillingNames::SID_CONFLICT, Names::CONFLICT_KEY);
    }
}
