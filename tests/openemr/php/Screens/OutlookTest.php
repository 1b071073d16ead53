<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Screens;

use OpenEMR\Modules\MassageBilling\Screens\Hold;
use OpenEMR\Modules\MassageBilling\Screens\Outlook;
use OpenEMR\Modules\MassageBilling\Screens\Readiness;
use OpenEMR\Modules\MassageBilling\Screens\Uuid;
use PHPUnit\Framework\TestCase;

/** The Python side's own examples are read whole; what is not like them is no error. */
final class OutlookTest extends TestCase
{
    public function testThePythonSidesExampleIsReadWhole(): void
    {
        $outlook = Outlook::read($this->example('outlook'));
        self::assertNotNull($outlook);
        self::assertSame(['example-appointment', '2026-12-01', '2026-11-30'], [$outlook->appointment, $outlook->day, $outlook->judgedOn]);
        self::assertSame(Readiness::Act, $outlook->readiness);
        self::assertSame(['At most 2 left by the plan. Plan the rest with the patient.'], $outlook->toSettle);
        self::assertSame(['The payer says that the coverage is in force.'], $outlook->told);
        self::assertSame(['acme', 'in-force', '2026-11-30'], [$outlook->payer, $outlook->standing, $outlook->answeredOn]);
        self::assertSame([2, 'plan'], [$outlook->visitsLeft, $outlook->binds]);
        self::assertSame(['AUTH-778', '2026-12-15', 4], [$outlook->authorization, $outlook->authorizationEnds, $outlook->authorizationLeft]);
        self::assertSame('2026-12-15', $outlook->clocks[0]['on']);
        self::assertNotSame('', $outlook->clocks[0]['what']);
        self::assertSame('$20.50 to $24.50', $outlook->cost);
        self::assertSame(Readiness::Old, $outlook->shownOn('2026-12-01'));
    }

    public function testAHoldIsNoOutlookAndAnOutlookNoHold(): void
    {
        self::assertNull(Outlook::read($this->example('hold')));
        self::assertNull(Hold::read($this->example('outlook')));
        self::assertNull(Outlook::read($this->example('before-visit')));
    }

    public function testThePythonSidesHoldIsReadWhole(): void
    {
        $hold = Hold::read($this->example('hold'));
        self::assertNotNull($hold);
        self::assertTrue($hold->open);
        self::assertSame(['minutes-documented', 'coverage-in-force'], array_column($hold->reasons, 'code'));
        self::assertSame(['Therapist', '2027-05-02', 'example'], [$hold->who, $hold->fileBy, $hold->encounter]);
    }

    public function testIdsInTextsAreCutShort(): void
    {
        $text = 'Coverage/a35a16aa-4c82-4a6d-869c-6b2dec1be8ca ended; call 800-555-0100 about papers.csv:3.';
        self::assertSame('Coverage/a35a16aa… ended; call 800-555-0100 about papers.csv:3.', Uuid::shortened($text));
    }

    /** @dataProvider broken */
    public function testWhatIsBrokenIsNotKnownAndNeverReady(mixed $output): void
    {
        $outlook = Outlook::read(['output' => $output] + $this->example('outlook'));
        self::assertNotNull($outlook);
        self::assertSame(Readiness::Unknown, $outlook->readiness);
        self::assertSame(Readiness::Old, $outlook->shownOn('2026-12-01'));
    }

    /** @return array<string, array{mixed}> */
    public static function broken(): array
    {
        return [
            'nothing' => [null], 'a text' => ['ready'], 'an empty list' => [[]], 'of another system' => [[[
                'type' => ['coding' => [['system' => 'x', 'code' => 'readiness']]], 'valueCode' => 'ready',
            ]]],
            'nested wrongly' => [[['type' => 'x'], 7, ['type' => ['coding' => 'readiness']]]],
        ];
    }

    /** @return array<string, mixed> */
    private function example(string $name): array
    {
        $file = MODULE . "/../../../fhir_profiles/built/examples/Task-example-$name.json";
        return json_decode((string) file_get_contents($file), true, 64, JSON_THROW_ON_ERROR);
    }
}
