<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Log;

use OpenEMR\Events\Encounter\EncounterMenuEvent;
use OpenEMR\Modules\MassageBilling\Log\Choices;
use OpenEMR\Modules\MassageBilling\Log\EncounterSummary;
use OpenEMR\Modules\MassageBilling\Log\Menu;
use OpenEMR\Modules\MassageBilling\Log\Permission;
use OpenEMR\Modules\MassageBilling\Log\Visits;
use OpenEMR\Modules\MassageBilling\Tests\Support\SetAccess;

/** What the encounter page shows of the log. */
final class EncounterPageTest extends LogTestCase
{
    /** @param list<string> $rights */
    private function summary(array $rights = ['encounters/notes']): string
    {
        return (new EncounterSummary(
            new Visits($this->database),
            $this->store,
            new Choices($this->database),
            new Permission(new SetAccess($rights)),
            '/public/log.php',
            static fn (string $words): string => $words,
            static fn (string $time): string => $time,
        ))->html($this->visit->pid, $this->visit->encounter);
    }

    /** @param array{int, int} $open */
    private function menu(array $open, bool $mayRead = true): array
    {
        $event = new EncounterMenuEvent(['Clinical' => ['children' => []]]);
        $menu = new Menu(
            '/public/log.php',
            static fn (string $words): string => $words,
            static fn (): array => $open,
            static fn (int $pid, int $encounter): bool => $mayRead
        );
        $menu->add($event);
        return $event->getMenuData();
    }

    public function testTheLogIsInTheMenuOfTheEncounterThatIsOpen(): void
    {
        $menu = $this->menu([12, 5001]);
        self::assertSame(
            ['formURL' => '/public/log.php?pid=12&encounter=5001', 'displayText' => 'Treatment log'],
            $menu['massage-billing-log']
        );
        self::assertArrayHasKey('Clinical', $menu);
    }

    public function testWhoMayNotReadItOrHasNoEncounterOpenHasNoEntry(): void
    {
        self::assertCount(1, $this->menu([12, 5001], false));
        self::assertCount(1, $this->menu([12, 0]));
    }

    public function testWithoutALogNothingIsShown(): void
    {
        self::assertSame('', $this->summary());
    }

    public function testRowsAndWhoSignedAreShown(): void
    {
        $this->save([$this->row(regionText: 'neck'), $this->row(code: '97010', minutes: 10)], selfPay: true);
        $draft = $this->summary();
        self::assertStringContainsString('Draft, not signed', $draft);
        self::assertStringContainsString('Total: 70 minutes', $draft);
        self::assertStringContainsString('Patient pays', $draft);
        $this->sign($this->found()->rows, 1);
        self::assertStringContainsString('Thea Testtherapist, 2026-12-01 10:00:00', $this->summary());
    }

    public function testWhoMayNotReadItSeesNothing(): void
    {
        $this->save([$this->row()]);
        self::assertSame('', $this->summary([]));
    }

    public function testWhatPeopleTypeIsNeverMarkup(): void
    {
        $this->save([$this->row(regionText: '<script>alert(1)</script>', code: '"><b>', diagnosis: "'\"><i>")]);
        self::assertDoesNotMatchRegularExpression('/<(script|b|i)\b/', $this->summary());
    }
}
