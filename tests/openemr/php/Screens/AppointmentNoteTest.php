<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Screens;

use OpenEMR\Events\Appointments\AppointmentRenderEvent;
use OpenEMR\Modules\MassageBilling\Screens\AppointmentNote;
use OpenEMR\Modules\MassageBilling\Tests\Support\SetAccess;

final class AppointmentNoteTest extends ScreensTestCase
{
    public function testItSaysHowTheAppointmentStands(): void
    {
        $patient = $this->clinic->patient();
        $visit = $this->appointment($patient['pid']);
        $this->keep($this->outlook($visit['uuid'], $patient['uuid'], ['to-settle' => [$this->text('x', 'Ask <b>them</b>.')]]));
        $said = $this->said(['pc_eid' => (string) $visit['eid'], 'pc_pid' => (string) $patient['pid']]);
        self::assertStringContainsString('To do', $said);
        self::assertStringContainsString('Ask &lt;b&gt;them&lt;/b&gt;.', $said);
    }

    public function testANewAppointmentAndOneWithoutAPatientAndAnyoneElseSeeNothing(): void
    {
        $patient = $this->clinic->patient();
        $visit = $this->appointment($patient['pid']);
        $this->keep($this->outlook($visit['uuid'], $patient['uuid']));
        self::assertSame('', $this->said([]));
        self::assertSame('', $this->said(['pc_eid' => (string) $visit['eid'], 'pc_pid' => '']));
        self::assertSame('', $this->said(['pc_eid' => (string) $visit['eid'], 'pc_pid' => '5'], ['patients/med']));
    }

    /**
     * @param array<string, string> $row
     * @param list<string> $rights
     */
    private function said(array $row, array $rights = ['patients/appt']): string
    {
        ob_start();
        (new AppointmentNote($this->database, new SetAccess($rights), $this->clock, $this->words()))
            ->show(new AppointmentRenderEvent($row));
        return (string) ob_get_clean();
    }
}
