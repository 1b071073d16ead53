<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Billing;

/** What OpenEMR could not carry exactly is refused, by the name of the element, and nothing is kept. */
final class RefusalTest extends BillingTestCase
{
    /** @dataProvider changes @param callable(array<string, mixed>): array<string, mixed> $change */
    public function testRefused(callable $change, string $element): void
    {
        $refused = $this->refused(422, $change($this->claim(['diagnoses' => ['M54.50', 'M54.2']])));
        self::assertStringStartsWith($element, $refused->getMessage());
    }

    /** @return iterable<string, array{callable, string}> */
    public function changes(): iterable
    {
        $item = static fn(array $with): callable => static fn(array $claim): array =>
            array_replace($claim, ['item' => [array_replace($claim['item'][0], $with)]]);
        $whole = static fn(array $with): callable => static fn(array $claim): array => array_replace($claim, $with);
        $codes = static fn(string ...$codes): array => array_map(self::procedure(...), $codes);
        yield 'currency of a line' => [$item(['net' => ['value' => 120, 'currency' => 'CAD']]), 'Claim.item[0].net'];
        yield 'no currency' => [$item(['net' => ['value' => 120]]), 'Claim.item[0].net'];
        yield 'currency of the total' => [$whole(['total' => ['value' => 120, 'currency' => 'EUR']]), 'Claim.total'];
        yield 'total is not the sum' => [$whole(['total' => self::money(12001)]), 'Claim.total'];
        yield 'no total' => [$whole(['total' => null]), 'Claim.total'];
        yield 'net is not price times units' => [$item(['net' => self::money(12001)]), 'Claim.item[0].net'];
        yield 'finer than a cent' => [$item(['unitPrice' => ['value' => 30.005, 'currency' => 'USD']]), 'Claim.item[0].unitPrice'];
        yield 'below zero' => [$item(['net' => ['value' => -120, 'currency' => 'USD']]), 'Claim.item[0].net'];
        yield 'half a unit' => [$item(['quantity' => ['value' => 3.5]]), 'Claim.item[0].quantity'];
        yield 'no unit' => [$item(['quantity' => ['value' => 0]]), 'Claim.item[0].quantity'];
        yield 'units missing' => [$item(['quantity' => null]), 'Claim.item[0].quantity'];
        yield 'minutes' => [$item(['quantity' => ['value' => 4, 'code' => 'min']]), 'Claim.item[0].quantity'];
        yield 'a factor' => [$item(['factor' => 2]), 'Claim.item[0].factor'];
        yield 'sub-lines' => [$item(['detail' => [['sequence' => 1]]]), 'Claim.item[0].detail'];
        yield 'five modifiers' => [$item(['modifier' => $codes('GP', '59', 'XS', 'KX', 'XE')]), 'Claim.item[0].modifier'];
        yield 'a modifier twice' => [$item(['modifier' => $codes('GP', 'GP')]), 'Claim.item[0].modifier'];
        yield 'a long modifier' => [$item(['modifier' => $codes('GPX')]), 'Claim.item[0].modifier'];
        yield 'a foreign modifier' => [$item(['modifier' => [self::concept('urn:x', 'GP')]]), 'Claim.item[0].modifier'];
        yield 'a foreign code' => [$item(['productOrService' => self::concept('urn:x', '97124')]), 'Claim.item[0].productOrService'];
        yield 'two codes' => [$item(['productOrService' => ['coding' => [
            self::procedure('97124')['coding'][0], self::procedure('97140')['coding'][0]]]]), 'Claim.item[0].productOrService'];
        yield 'a code of no form' => [$item(['productOrService' => self::procedure('9712')]), 'Claim.item[0].productOrService'];
        yield 'no pointer' => [$item(['diagnosisSequence' => []]), 'Claim.item[0].diagnosisSequence'];
        yield 'a pointer to nothing' => [$item(['diagnosisSequence' => [3]]), 'Claim.item[0].diagnosisSequence'];
        yield 'no encounter' => [$item(['encounter' => null]), 'Claim.item[0].encounter'];
        yield 'another day' => [$item(['servicedDate' => '2026-11-21']), 'Claim.item[0].serviced'];
        yield 'two days' => [$item(['servicedDate' => null, 'servicedPeriod' => ['start' => '2026-11-20', 'end' => '2026-11-21']]),
            'Claim.item[0].serviced'];
        yield 'no day' => [$item(['servicedDate' => null]), 'Claim.item[0].serviced'];
        yield 'nobody' => [$item(['careTeamSequence' => []]), 'Claim.item[0].careTeamSequence'];
        yield 'nobody in the team' => [$item(['careTeamSequence' => [2]]), 'Claim.item[0].careTeamSequence'];
        yield 'not rendering' => [static function (array $claim): array {
            $claim['careTeam'][0]['role'] = self::concept('http://terminology.hl7.org/CodeSystem/claimcareteamrole', 'supervisor');
            return $claim;
        }, 'Claim.item[0].careTeamSequence'];
        yield 'an unknown NPI' => [static function (array $claim): array {
            $claim['careTeam'][0]['provider'] = ['identifier' => ['system' => 'http://hl7.org/fhir/sid/us-npi',
                'value' => '1679576722']];
            return $claim;
        }, 'Claim.item[0].careTeamSequence'];
        yield 'institutional' => [$whole(['type' => self::concept('http://terminology.hl7.org/CodeSystem/claim-type',
            'institutional')]), 'Claim.type'];
        yield 'no lines' => [$whole(['item' => [], 'total' => self::money(0)]), 'Claim.item'];
        yield 'ICD-10 of another system' => [$whole(['diagnosis' => [['sequence' => 1,
            'diagnosisCodeableConcept' => self::concept('http://hl7.org/fhir/sid/icd-10', 'M54.50')]]]), 'Claim.diagnosis[0]'];
        yield 'no diagnosis' => [$whole(['diagnosis' => []]), 'Claim.diagnosis'];
        yield 'no focal insurance' => [static function (array $claim): array {
            $claim['insurance'][0]['focal'] = false;
            return $claim;
        }, 'Claim.insurance'];
        yield 'two authorization numbers' => [static function (array $claim): array {
            $claim['insurance'][0]['preAuthRef'] = ['A-1', 'A-2'];
            return $claim;
        }, 'Claim.insurance.preAuthRef'];
        yield 'a long authorization number' => [static function (array $claim): array {
            $claim['insurance'][0]['preAuthRef'] = [str_repeat('9', 21)];
            return $claim;
        }, 'Claim.insurance.preAuthRef'];
        yield 'an authorization number X12 cannot carry' => [static function (array $claim): array {
            $claim['insurance'][0]['preAuthRef'] = ['A_1'];
            return $claim;
        }, 'Claim.insurance.preAuthRef'];
    }

    public function testMoreDiagnosesThanAClaimHolds(): void
    {
        $many = array_map(static fn(int $n): string => "M54.$n", range(0, 12));
        $this->refused(422, $this->claim(['diagnoses' => $many]));
        $this->create($this->claim(['diagnoses' => array_slice($many, 0, 12)]));
        self::assertCount(12, $this->sheet(null, 'ICD10'));
    }

    public function testFivePointers(): void
    {
        $codes = ['M54.2', 'M54.50', 'M62.838', 'M25.511', 'M79.18'];
        $this->refused(422, $this->claim(['diagnoses' => $codes, 'lines' => [['97124', 1, 3000, [], [1, 2, 3, 4, 5]]]]));
        $this->create($this->claim(['diagnoses' => $codes, 'lines' => [['97124', 1, 3000, ['GP', '59', 'XS', 'KX'], [1, 2, 3, 4]]]]));
        self::assertSame('GP:59:XS:KX', $this->sheet()[0]['modifier']);
    }

    public function testAnotherPatientsEncounter(): void
    {
        $stranger = $this->clinic->patient();
        $visit = $this->clinic->encounter($stranger['pid'], '2026-11-20 10:00:00', $this->therapist['id']);
        $this->refused(422, $this->claim(['lines' => [['97124', 1, 3000, [], [1], $this->therapist['uuid'], $visit['uuid']]]]));
    }

    public function testAnotherPatientsCoverage(): void
    {
        $this->coverage = $this->clinic->coverage($this->clinic->patient()['pid']);
        $this->refused(422, $this->claim());
    }

    /** @dataProvider notInForce */
    public function testACoverageThatIsNotInForce(string $column, string $day): void
    {
        $this->database->change("UPDATE insurance_data SET `$column` = ? WHERE id = ?", [$day, $this->coverage['id']]);
        $this->refused(422, $this->claim());
    }

    /** @return array<string, array{string, string}> */
    public function notInForce(): array
    {
        return ['begins later' => ['date', '2026-11-21'], 'ended before' => ['date_end', '2026-11-19']];
    }

    public function testACoverageInForceOnItsFirstAndLastDay(): void
    {
        $this->database->change("UPDATE insurance_data SET date = '2026-11-20', date_end = '2026-11-20'");
        $this->create($this->claim());
        self::assertCount(1, $this->sheet());
    }

    public function testACoverageThatCoreWouldNotBill(): void
    {
        $this->clinic->coverage($this->patient['pid'], 'primary', '2026-06-01'); // newer, of the same type
        $this->refused(422, $this->claim());
    }

    public function testASecondCoverageOfTheSamePayerThatCoreWouldNotBill(): void
    {
        $second = $this->clinic->coverage($this->patient['pid'], 'secondary');
        $this->database->change('UPDATE insurance_data SET provider = ? WHERE id = ?', [$this->coverage['company'], $second['id']]);
        $this->coverage['uuid'] = $second['uuid'];
        $this->refused(422, $this->claim());
    }

    public function testACodeTypeThatIsSwitchedOff(): void
    {
        $this->database->change("UPDATE code_types SET ct_active = 0 WHERE ct_key = 'CPT4'");
        $this->refused(422, $this->claim());
    }

    public function testACorrectionOverSeveralEncounters(): void
    {
        $other = $this->clinic->encounter($this->patient['pid'], '2026-11-20 16:00:00', $this->therapist['id']);
        $lines = [['97124', 4, 3000], ['97140', 1, 4500, [], [1], $this->therapist['uuid'], $other['uuid']]];
        $prior = $this->create($this->claim(['lines' => $lines]));
        $this->refused(422, $this->claim(['lines' => $lines, 'revision' => 1, 'frequency' => '7', 'prior' => $prior->id]));
    }

    public function testAmountsKeepTheirCents(): void
    {
        foreach ([1, 10, 99, 4525, 4850, 100, 12345678] as $revision => $cents) {
            $claim = $this->claim(['lines' => [['97124', 3, $cents]], 'revision' => $revision]);
            $this->create($claim);
            self::assertSame(number_format($cents * 3 / 100, 2, '.', ''), $this->sheet()[0]['fee']);
        }
    }
}
