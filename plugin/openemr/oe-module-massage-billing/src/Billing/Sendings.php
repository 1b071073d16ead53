<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Billing;

/** Concludes from core's tables what became of each Claim; see EvidenceRows for what belongs to which. */
final class Sendings
{
    /** claims.status (BillingUtilities::updateClaim): 1 open, 2 billed, 6 forwarded by the payer, 7 denied. */
    private const BILLED = 2;
    private const FORWARDED = 6;
    private const DENIED = 7;

    public function __construct(private readonly EvidenceRows $rows)
    {
    }

    /**
     * @param list<string> $claims
     * @return array<string, Evidence> by Claim id; of a Claim that was never billed there is none
     */
    public function of(array $claims): array
    {
        $parts = [];
        $stood = $claims === [] ? [] : $this->rows->stood($claims);
        foreach ($stood as $n => $one) {
            if (in_array($one['claim'], $claims, true)) {
                $parts[(string) $one['claim']][] = $this->part($one, self::start($stood, $n), self::end($stood, $n));
            }
        }
        $found = [];
        foreach ($parts as $claim => $some) {
            $evidence = self::whole((string) $claim, $some);
            if ($evidence !== null) {
                $found[(string) $claim] = $evidence;
            }
        }
        return $found;
    }

    /**
     * When a Claim's rows were written; the second after, where they took another's place.
     *
     * @param list<array<string, mixed>> $stood in the order of their time
     */
    private static function start(array $stood, int $n): string
    {
        $start = (string) $stood[$n]['start'];
        foreach (array_slice($stood, 0, $n) as $before) {
            if ($before['encounter'] === $stood[$n]['encounter'] && $before['pid'] === $stood[$n]['pid']) {
                return (new \DateTimeImmutable("$start +1 second", new \DateTimeZone('UTC')))->format('Y-m-d H:i:s');
            }
        }
        return $start;
    }

    /**
     * When the next Claim's rows were written in the same encounter; of a Claim that was taken back, when that was.
     *
     * @param list<array<string, mixed>> $stood in the order of their time
     */
    private static function end(array $stood, int $n): ?string
    {
        $one = $stood[$n];
        if ((int) $one['active'] === 0) {
            return LocalMoment::local((string) $one['told']);
        }
        foreach (array_slice($stood, $n + 1) as $next) {
            if (
                $next['encounter'] === $one['encounter'] && $next['pid'] === $one['pid']
                && (int) $next['active'] > 0 && (int) $next['first'] > (int) $one['first']
            ) {
                return (string) $next['start'];
            }
        }
        return null;
    }

    /**
     * What is known of a Claim in one encounter.
     *
     * @param array<string, mixed> $one
     */
    private function part(array $one, string $start, ?string $end): EvidencePart
    {
        $where = [(int) $one['pid'], (int) $one['encounter'], $start, $end];
        $statuses = [];
        $times = [(string) $one['last_bill_date'], (string) $one['process_date']];
        foreach ($this->rows->versions(...$where) as $version) {
            $statuses[] = (int) $version['status'];
            array_push($times, (string) $version['bill_time'], (string) $version['process_time']);
        }
        $number = null;
        $isPosted = false;
        $paid = false;
        foreach ($this->rows->answers(...$where) as $answer) {
            foreach (['post_time', 'modified_time', 'deleted'] as $time) {
                $times[] = (string) $answer[$time];
            }
            if ($answer['deleted'] === null) {
                $isPosted = true;
                $paid = $paid || (float) $answer['pay_amount'] > 0;
                $number = trim((string) $answer['payer_claim_number']) ?: $number;
            }
        }
        $isDenied = in_array(self::DENIED, $statuses, true);
        return new EvidencePart(
            (int) $one['billed'] === 1,
            array_filter($statuses, static fn(int $status): bool => $status >= self::BILLED) !== [],
            $isPosted || $isDenied || in_array(self::FORWARDED, $statuses, true),
            $isDenied && !$paid,
            $number,
            (string) $one['bill_date'],
            max($times),
            (string) $one['last_update']
        );
    }

    /** @param non-empty-list<EvidencePart> $parts */
    private static function whole(string $claim, array $parts): ?Evidence
    {
        $all = static fn(string $name): array =>
            array_map(static fn(EvidencePart $part): mixed => $part->$name, $parts);
        $state = match (true) {
            !in_array(false, $all('answered'), true) => Evidence::ANSWERED,
            in_array(true, [...$all('sent'), ...$all('answered')], true) => Evidence::SENT,
            in_array(true, $all('was'), true) => Evidence::REOPENED,
            default => null,
        };
        if ($state === null) {
            return null;
        }
        $billed = array_filter($all('billed'));
        // Reopened on the fee sheet only the encounter says when (BillingUtilities::reOpenEncounterForBilling).
        $times = [...$all('changed'), ...($state === Evidence::REOPENED ? $all('touched') : [])];
        return new Evidence(
            $claim,
            $state,
            $state === Evidence::ANSWERED && !in_array(false, $all('denied'), true),
            array_values(array_filter($all('number')))[0] ?? null,
            $billed === [] ? '' : min($billed),
            $times === [] ? '' : max($times)
        );
    }
}
