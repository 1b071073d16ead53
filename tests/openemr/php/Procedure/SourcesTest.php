<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Procedure;

use OpenEMR\Modules\MassageBilling\Fhir\Json;
use OpenEMR\Modules\MassageBilling\Fhir\Page;
use OpenEMR\Modules\MassageBilling\Fhir\Pairs;
use OpenEMR\Modules\MassageBilling\Fhir\QueryParser;
use OpenEMR\Modules\MassageBilling\Fhir\Source;
use OpenEMR\Modules\MassageBilling\Procedure\ChargeItems;
use OpenEMR\Modules\MassageBilling\Procedure\Consents;

/** Fee-sheet rows as ChargeItem, and the patient's wish as Consent. */
final class SourcesTest extends ProcedureTestCase
{
    private function find(Source $source, string $query): Page
    {
        return $source->search(QueryParser::parse(
            $source->type(),
            Pairs::split($query),
            $source->parameters(),
            self::BASE,
            $this->clock->now()
        ));
    }

    private function fee(mixed ...$parts): int
    {
        return $this->clinic->add('billing', $parts + [
            'date' => '2026-12-01 17:00:00', 'code_type' => 'CPT4', 'code' => '97124', 'pid' => $this->visit->pid,
            'provider_id' => $this->therapist['id'], 'user' => $this->therapist['id'], 'authorized' => 1,
            'encounter' => $this->visit->encounter, 'billed' => 0, 'activity' => 1, 'modifier' => 'GP:59',
            'units' => 4, 'fee' => '120.00', 'justify' => 'ICD10|M54.50:ICD10|M54.2:',
        ]);
    }

    public function testAFeeSheetRowSaysWhatWasTyped(): void
    {
        $id = $this->fee();
        $item = (new ChargeItems($this->database, self::ids()))->read("fee-$id");
        self::assertIsArray($item);
        $text = Json::encode($item);
        self::assertStringContainsString('"priceOverride":{"value":120.00,"currency":"USD"}', $text);
        self::assertStringContainsString('"quantity":{"value":4}', $text);
        self::assertSame(['GP', '59'], array_column($item['extension'], 'valueCode'));
        self::assertSame('billable', $item['status']);
        self::assertSame('Encounter/' . $this->encounter['uuid'], $item['context']['reference']);
        self::assertSame('2026-12-01', $item['occurrenceDateTime']);
        self::assertSame(
            ['M54.50', 'M54.2'],
            array_map(static fn (array $reason): string => $reason['coding'][0]['code'], $item['reason'])
        );
        self::assertArrayNotHasKey('supportingInformation', $item);
    }

    public function testWhatTheModuleWroteNamesItsClaim(): void
    {
        $id = $this->fee();
        $claim = $this->clinic->uuid();
        $this->clinic->add('massage_billing_billing_row', [
            'claim' => $claim, 'kind' => 'cpt', 'row_id' => $id, 'pid' => 1, 'encounter' => 1, 'active' => 1,
        ]);
        $items = $this->find(new ChargeItems($this->database, self::ids()), '')->arrays();
        self::assertSame("Claim/$claim", $items[0]['supportingInformation'][0]['reference']);
    }

    public function testOnlyServicesThatStandAreFound(): void
    {
        $this->fee();
        $gone = $this->fee(activity: 0);
        $this->fee(code_type: 'ICD10', code: 'M54.50');
        $this->fee(code_type: 'COPAY', code: '');
        $source = new ChargeItems($this->database, self::ids());
        self::assertCount(1, $this->find($source, '')->resources);
        self::assertSame('entered-in-error', $source->read("fee-$gone")['status'] ?? null);
        self::assertNull($source->read('fee-0'));
        self::assertNull($source->read("fee-$gone OR 1"));
    }

    public function testABilledRowSaysSoAndItsTimeMoves(): void
    {
        $id = $this->fee(billed: 1, bill_date: '2026-12-03 08:00:00');
        $source = new ChargeItems($this->database, self::ids());
        $item = $source->read("fee-$id");
        self::assertSame('billed', $item['status'] ?? null);
        self::assertStringStartsWith('2026-12-03T', $item['meta']['lastUpdated'] ?? '');
        self::assertCount(1, $this->find($source, '_lastUpdated=ge2026-12-02')->resources);
        self::assertCount(0, $this->find($source, '_lastUpdated=ge2026-12-05')->resources);
    }

    public function testChargesAreFoundByPatientVisitAndCodeInPages(): void
    {
        $other = $this->clinic->encounter($this->clinic->patient()['pid']);
        $ids = [$this->fee(), $this->fee(code: '97140'), $this->fee()];
        $this->fee(pid: $other['pid'], encounter: $other['encounter']);
        $source = new ChargeItems($this->database, self::ids());
        $found = fn (string $query): array => array_column($this->find($source, $query)->arrays(), 'id');
        $expected = array_map(static fn (int $id): string => "fee-$id", $ids);
        self::assertSame($expected, $found("patient={$this->patient['uuid']}"));
        self::assertSame($expected, $found("context=Encounter/{$this->encounter['uuid']}"));
        self::assertSame($expected, $found("encounter={$this->encounter['uuid']}"));
        self::assertSame([$expected[1]], $found('code=http://www.ama-assn.org/go/cpt|97140'));
        self::assertSame([$expected[2]], $found("_id={$expected[2]},fee-x"));
        $page = $this->find($source, "patient={$this->patient['uuid']}&_count=2");
        self::assertSame(array_slice($expected, 0, 2), array_column($page->arrays(), 'id'));
        self::assertSame([$expected[2]], $found("patient={$this->patient['uuid']}&_count=2&_cursor={$page->next}"));
    }

    public function testAWishIsAConsentOfThatVisitAlone(): void
    {
        $source = new Consents($this->database, self::ids());
        $this->save([]);
        self::assertSame([], $this->find($source, '')->resources);
        $log = $this->save([], 1, selfPay: true);
        $consent = $source->read("log-{$log->id}");
        self::assertSame('active', $consent['status'] ?? null);
        self::assertSame('hipaa-self-pay', $consent['policyRule']['coding'][0]['code'] ?? null);
        self::assertSame("Patient/{$this->patient['uuid']}", $consent['patient']['reference'] ?? null);
        self::assertSame(
            [[
                'meaning' => 'related',
                'reference' => ['reference' => "Encounter/{$this->encounter['uuid']}", 'type' => 'Encounter'],
            ]],
            $consent['provision']['data'] ?? null
        );
        self::assertCount(1, $this->find($source, "patient={$this->patient['uuid']}&status=active")->resources);
        self::assertCount(0, $this->find($source, 'patient=' . $this->clinic->patient()['uuid'])->resources);
    }

    public function testAWishTakenBackIsInactive(): void
    {
        $source = new Consents($this->database, self::ids());
        $this->save([], 0, selfPay: true);
        $this->clock->pass('1 hour');
        $log = $this->save([], 1, selfPay: false);
        $consent = $source->read("log-{$log->id}");
        self::assertSame('inactive', $consent['status'] ?? null);
        self::assertSame('2026-12-01T19:00:00.000Z', $consent['meta']['lastUpdated'] ?? null);
        self::assertCount(0, $this->find($source, 'status=active')->resources);
        self::assertCount(1, $this->find($source, '_lastUpdated=gt2026-12-01T18:30:00Z')->resources);
    }
}
