<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Billing;

/**
 * Finds in OpenEMR what a Claim names, and makes the rows it wants of each encounter.
 *
 * OpenEMR bills each encounter by itself: every line goes to the first Encounter it names, and every encounter that
 * gets lines gets their diagnoses and the authorization number. Diagnoses no line points at go to the first.
 */
final class Placing
{
    public function __construct(private readonly Records $records)
    {
    }

    public function place(BillableClaim $claim): Placed
    {
        $patient = $this->records->patient($claim->patient);
        $found = $this->encounters($claim, $patient['pid']);
        $first = $claim->encounters()[0];
        $insurance = $this->records->insurance($claim->coverage, $patient['pid'], $found[$first]['day']);
        $this->requireCodeTypes($claim);
        $visits = [];
        foreach ($claim->encounters() as $id) {
            $lines = self::principalFirst($claim, array_values(array_filter(
                $claim->lines,
                static fn(ClaimLine $line): bool => $line->encounter === $id
            )));
            $visits[] = new PlacedVisit(
                $id,
                $found[$id]['encounter'],
                $patient['pid'],
                $patient['pricelevel'],
                array_map(fn(ClaimLine $line): FeeRow => $this->row($line, $insurance['payer']), $lines),
                $this->diagnoses($claim, $lines, $id === $first, $insurance['payer']),
                $claim->options
            );
        }
        $advice = $this->advice($claim, $visits, $insurance, $found[$first]['closed']);
        return new Placed($claim, $patient['pid'], $visits, $this->conflicts($claim, $found), $advice);
    }

    /**
     * The lines with one in front that points first at the first of their diagnoses in the Claim's order: core makes
     * the list of diagnoses, the principal one first, from the pointers in the order of the rows (Claim::diagArray).
     *
     * @param list<ClaimLine> $lines
     * @return list<ClaimLine>
     */
    private static function principalFirst(BillableClaim $claim, array $lines): array
    {
        $pointed = array_merge([], ...array_map(static fn(ClaimLine $line): array => $line->diagnoses, $lines));
        $principal = array_values(array_intersect($claim->diagnoses, $pointed))[0] ?? null;
        foreach ($lines as $n => $line) {
            if ($line->diagnoses[0] === $principal) {
                unset($lines[$n]);
                return [$line, ...array_values($lines)];
            }
        }
        return $lines;
    }

    /**
     * What a biller has to know of the 837P that core will make; "" nothing.
     *
     * @param list<PlacedVisit> $visits
     * @param array{payer: int, type: string, place: int, of: int} $insurance
     * @param int $closed the insurances that the encounter is done with
     */
    private function advice(BillableClaim $claim, array $visits, array $insurance, int $closed): string
    {
        $advice = [];
        // Billing Manager offers first the insurance after the last one closed (interface/billing/billing_report.php).
        if ($insurance['of'] > 1 && $insurance['place'] !== $closed) {
            $advice[] = "In Billing Manager choose the {$insurance['type']} insurance.";
        }
        $pointed = array_merge([], ...array_map(static fn(ClaimLine $line): array => $line->diagnoses, $claim->lines));
        if (array_diff($claim->diagnoses, $pointed) !== []) {
            $advice[] = 'OpenEMR leaves a diagnosis out of the 837P that no line points at.';
        }
        $listed = (string) $visits[0]->lines[0]->columns['justify'];
        if (count($visits) === 1 && !str_starts_with($listed, "ICD10|{$claim->diagnoses[0]}:")) {
            $advice[] = 'OpenEMR lists another diagnosis first in the 837P: no line points first at the claim\'s.';
        }
        return implode(' ', $advice);
    }

    /**
     * @return array<string, array{encounter: int, pid: int, day: string, place: string, closed: int}> by Encounter id
     */
    private function encounters(BillableClaim $claim, int $pid): array
    {
        $wanted = [];
        foreach ($claim->lines as $line) {
            $wanted[$line->encounter] ??= $line;
        }
        ksort($wanted); // locked in one order: two claims that share visits wait for, and do not block, each other
        $found = [];
        foreach ($wanted as $id => $line) {
            $found[$id] = $this->records->encounter($id, "$line->where.encounter");
            if ($found[$id]['pid'] !== $pid) {
                throw ClaimReader::refuse("$line->where.encounter", "Encounter/$id is another patient's");
            }
        }
        foreach ($claim->lines as $line) {
            // The 837P takes its date of service from the encounter (core: Claim::serviceDate).
            if ($found[$line->encounter]['day'] !== $line->day) {
                throw ClaimReader::refuse("$line->where.serviced", "is not the day of Encounter/$line->encounter");
            }
        }
        return $found;
    }

    private function requireCodeTypes(BillableClaim $claim): void
    {
        $types = array_unique(array_map(static fn(ClaimLine $line): string => $line->codeType, $claim->lines));
        foreach (['ICD10', ...$types] as $type) {
            if (!$this->records->isClaimed($type)) {
                throw ClaimReader::refuse('Claim', "code type $type is switched off here, or kept off claims");
            }
        }
    }

    private function row(ClaimLine $line, int $payer): FeeRow
    {
        $provider = $this->records->therapist($line->provider, "$line->where.careTeamSequence");
        $text = $this->records->text($line->codeType, $line->code, implode(':', $line->modifiers));
        return FeeRow::line($line, $provider, $payer, $text);
    }

    /**
     * @param list<ClaimLine> $lines
     * @return list<FeeRow>
     */
    private function diagnoses(BillableClaim $claim, array $lines, bool $first, int $payer): array
    {
        $pointed = array_merge(...array_map(static fn(ClaimLine $line): array => $line->diagnoses, $claim->lines));
        $here = array_merge(...array_map(static fn(ClaimLine $line): array => $line->diagnoses, $lines));
        $rows = [];
        foreach ($claim->diagnoses as $code) {
            if (in_array($code, $here, true) || ($first && !in_array($code, $pointed, true))) {
                $rows[] = FeeRow::diagnosis($code, $payer, $this->records->text('ICD10', $code));
            }
        }
        return $rows;
    }

    /**
     * What a person can mend in OpenEMR, and what makes a wrong 837P until then.
     *
     * @param array<string, array{encounter: int, place: string}> $found
     * @return list<Conflict>
     */
    private function conflicts(BillableClaim $claim, array $found): array
    {
        $conflicts = [];
        foreach ($claim->lines as $line) {
            $encounter = $found[$line->encounter];
            if ($line->place !== null && $line->place !== $encounter['place']) {
                $conflicts["place {$encounter['encounter']}"] = Conflict::record(
                    'place-of-service',
                    "Encounter {$encounter['encounter']} has place of service {$encounter['place']}, "
                    . "the claim $line->place. Correct the encounter's POS code."
                );
            }
            $user = $this->records->therapist($line->provider, "$line->where.careTeamSequence");
            if (!isset($conflicts["npi $user"]) && !$this->records->hasNpi($user)) {
                $conflicts["npi $user"] = Conflict::record(
                    'therapist-npi',
                    "User $user has no valid NPI, and OpenEMR leaves such a provider off the claim. Enter the NPI."
                );
            }
        }
        return array_values($conflicts);
    }
}
