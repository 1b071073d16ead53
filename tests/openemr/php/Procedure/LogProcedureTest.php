<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Procedure;

use OpenEMR\Modules\MassageBilling\Log\Row;
use OpenEMR\Modules\MassageBilling\Procedure\LocalTime;

/** What a row of a log says in FHIR. */
final class LogProcedureTest extends ProcedureTestCase
{
    /** @return array<string, mixed> */
    private function procedure(Row $row): array
    {
        $found = $this->procedures()->read($row->uuid);
        self::assertNotNull($found);
        return $found;
    }

    public function testASignedRowSaysEverything(): void
    {
        $row = $this->row(
            modifiers: ['GP'],
            region: '45048000',
            regionText: 'neck',
            start: '2026-12-01 10:00:00',
            end: '2026-12-01 11:00:00',
        );
        $found = $this->procedure($this->sign([$row])->rows[0]);
        $offset = (new \DateTimeImmutable('now', LocalTime::offset()))->format('P');
        self::assertSame([
            'resourceType' => 'Procedure',
            'id' => $found['id'],
            'meta' => [
                'versionId' => '1',
                'lastUpdated' => '2026-12-01T18:00:00.000Z',
                'profile' => ['https://massage-billing.org/fhir/StructureDefinition/massage-procedure'],
            ],
            'extension' => [
                [
                    'url' => 'https://massage-billing.org/fhir/StructureDefinition/treatment-minutes',
                    'valueDuration' => [
                        'value' => 60, 'unit' => 'min', 'system' => 'http://unitsofmeasure.org', 'code' => 'min',
                    ],
                ],
                ['url' => 'https://massage-billing.org/fhir/StructureDefinition/modifier', 'valueCode' => 'GP'],
            ],
            'status' => 'completed',
            'code' => ['coding' => [['system' => 'http://www.ama-assn.org/go/cpt', 'code' => '97124']]],
            'subject' => ['reference' => "Patient/{$this->patient['uuid']}", 'type' => 'Patient'],
            'encounter' => ['reference' => "Encounter/{$this->encounter['uuid']}", 'type' => 'Encounter'],
            'performedPeriod' => [
                'start' => "2026-12-01T10:00:00$offset", 'end' => "2026-12-01T11:00:00$offset",
            ],
            'recorder' => ['reference' => "Practitioner/{$this->therapist['uuid']}", 'type' => 'Practitioner'],
            'performer' => [[
                'function' => [
                    'coding' => [['system' => 'http://nucc.org/provider-taxonomy', 'code' => '225700000X']],
                ],
                'actor' => ['reference' => "Practitioner/{$this->therapist['uuid']}", 'type' => 'Practitioner'],
            ]],
            'reasonCode' => [['coding' => [['system' => 'http://hl7.org/fhir/sid/icd-10-cm', 'code' => 'M54.50']]]],
            'bodySite' => [[
                'coding' => [['system' => 'http://snomed.info/sct', 'code' => '45048000']], 'text' => 'neck',
            ]],
        ], $found);
    }

    public function testATaxonomyThatIsNoneIsNotSaid(): void
    {
        $this->database->change('UPDATE users SET taxonomy = ? WHERE id = ?', ['massage', $this->therapist['id']]);
        $found = $this->procedure($this->sign([$this->row()])->rows[0]);
        self::assertSame(['actor'], array_keys($found['performer'][0]));
    }

    public function testADraftIsInProgressAndARowTakenOutIsInError(): void
    {
        $draft = $this->save([$this->row(), $this->row(code: '97140')]);
        self::assertSame('in-progress', $this->procedure($draft->rows[0])['status']);
        $this->sign([$draft->rows[0]], 1);
        self::assertSame('completed', $this->procedure($draft->rows[0])['status']);
        self::assertSame('entered-in-error', $this->procedure($draft->rows[1])['status']);
    }

    public function testMinutesWithoutTimesNameTheDayAlone(): void
    {
        $found = $this->procedure($this->sign([$this->row()])->rows[0]);
        self::assertSame('2026-12-01', $found['performedDateTime']);
        self::assertArrayNotHasKey('performedPeriod', $found);
    }

    public function testADraftThatContradictsItselfSaysNoPeriod(): void
    {
        foreach (['11:00:00' => 45, '09:00:00' => null] as $end => $minutes) {
            $row = $this->row(start: '2026-12-01 10:00:00', end: "2026-12-01 $end", minutes: $minutes);
            $version = $this->store->find($this->visit->pid, $this->visit->encounter)?->version ?? 0;
            $found = $this->procedure($this->save([$row], $version)->rows[0]);
            self::assertSame('2026-12-01', $found['performedDateTime']);
            self::assertArrayNotHasKey('performedPeriod', $found);
        }
    }

    public function testSeveralRegionsAreSeveralSites(): void
    {
        $found = $this->procedure($this->save([$this->row(regionText: 'Neck, usual spot')])->rows[0]);
        self::assertSame([
            ['coding' => [['system' => 'http://snomed.info/sct', 'code' => '45048000']], 'text' => 'Neck'],
            ['text' => 'usual spot'],
        ], $found['bodySite']);
    }

    public function testALevelTwoCodeAndAClinicsOwnCodeHaveTheirSystems(): void
    {
        $rows = $this->save([
            $this->row(codeType: 'CPT4', code: 'G0283'),
            $this->row(codeType: 'HOUSE', code: 'STONE'),
            $this->row(codeType: '', code: 'STONES'),
        ])->rows;
        self::assertSame(
            [
                ['coding' => [[
                    'system' => 'http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets', 'code' => 'G0283',
                ]]],
                ['coding' => [[
                    'system' => 'https://massage-billing.org/fhir/sid/openemr-code-type/HOUSE', 'code' => 'STONE',
                ]]],
                ['text' => 'STONES'],
            ],
            array_map(fn (Row $row): array => $this->procedure($row)['code'], $rows)
        );
    }

    public function testADraftWithoutATherapistNamesNobodyAndNoRecorder(): void
    {
        $draft = $this->save([$this->row(therapist: null)]);
        $found = $this->procedure($draft->rows[0]);
        self::assertArrayNotHasKey('performer', $found);
        self::assertArrayNotHasKey('recorder', $found);
        self::assertArrayNotHasKey('profile', $found['meta']);
    }

    public function testWhomCoreDoesNotKnowAsAPractitionerIsNotNamed(): void
    {
        $nobody = $this->clinic->therapist('');
        $found = $this->procedure($this->save([$this->row(therapist: $nobody['id'])])->rows[0]);
        self::assertArrayNotHasKey('performer', $found);
    }

    public function testVersionAndTimeMoveWithTheSignature(): void
    {
        $draft = $this->save([$this->row()]);
        $this->clock->pass('1 hour');
        $this->sign($draft->rows, 1);
        $meta = $this->procedure($draft->rows[0])['meta'];
        self::assertSame(['2', '2026-12-01T19:00:00.000Z'], [$meta['versionId'], $meta['lastUpdated']]);
    }
}
