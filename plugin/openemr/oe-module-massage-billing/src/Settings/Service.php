<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Settings;

use OpenEMR\Modules\MassageBilling\Screens\Day;
use OpenEMR\Modules\MassageBilling\Screens\Json;

/** The Python side's service (`massage-billing serve`), where the clinic runs one: how it is, and "run now". */
final class Service
{
    /** What it can be asked to run. */
    public const JOBS = ['run', 'eligibility'];
    /** Problems of a job that are shown; its own log has all. */
    private const PROBLEMS = 3;

    public function __construct(
        private readonly Store $store,
        private readonly Transport $transport,
        private readonly Resolver $resolver
    ) {
    }

    /** Whether it can be asked to run. */
    public function configured(): bool
    {
        return $this->store->service() !== '' && $this->store->hasToken();
    }

    /**
     * How it is: what GET /healthz answers.
     *
     * @return array<string, mixed>
     * @throws Unfit
     * @throws Unreachable
     */
    public function health(): array
    {
        $answered = $this->transport->send('GET', $this->address(), '/healthz', ['Accept: application/json']);
        self::mustBe($answered, [200]);
        $health = $answered->json();
        if (($health['status'] ?? null) !== 'ok') {
            throw new Unreachable('Something answers there, but it is not massage-billing serve.');
        }
        return $health;
    }

    /**
     * What it last did, of what GET /healthz answered: one sentence a job.
     *
     * @param array<string, mixed> $health
     * @return list<array{job: string, good: bool, said: string}>
     */
    public static function lastJobs(array $health): array
    {
        $found = [];
        foreach (Json::objects($health, 'jobs') as $job) {
            $kind = Json::text($job, 'job');
            $counts = [];
            foreach (is_array($job['counts'] ?? null) ? $job['counts'] : [] as $name => $count) {
                if (is_int($count) && $count !== 0) {
                    $counts[] = "$name $count";
                }
            }
            $problems = array_filter(is_array($job['problems'] ?? null) ? $job['problems'] : [], 'is_string');
            $state = Json::text($job, 'state');
            $said = array_filter([
                trim("$state " . Day::clock(Json::text($job, 'ended') ?: Json::text($job, 'begun'))),
                implode(', ', $counts),
                ...array_slice($problems, 0, self::PROBLEMS),
            ]);
            $said = mb_strimwidth(implode('; ', $said), 0, 600, '…');
            $found[] = ['job' => $kind, 'good' => in_array($state, ['done', 'running'], true), 'said' => $said];
        }
        return $found;
    }

    /**
     * Ask it to run a job now; it answers at once and works on.
     *
     * @return string "running" where it begins, "busy" where one is running already
     * @throws Unfit
     * @throws Unreachable
     */
    public function run(string $job): string
    {
        if (!in_array($job, self::JOBS, true)) {
            throw new Unfit('There is no such job.');
        }
        $token = $this->store->token();
        if ($token === '') {
            throw new Unfit('The token of the service has to be entered again.');
        }
        $headers = ['Accept: application/json', 'Content-Type: application/json', "Authorization: Bearer $token"];
        $body = json_encode(['job' => $job], JSON_THROW_ON_ERROR);
        $answered = $this->transport->send('POST', $this->address(), '/jobs/run', $headers, $body);
        self::mustBe($answered, [202, 409]);
        return $answered->status === 409 ? 'busy' : 'running';
    }

    private function address(): Address
    {
        return Address::of($this->store->service(), $this->resolver);
    }

    /** @param list<int> $statuses */
    private static function mustBe(Answered $answered, array $statuses): void
    {
        if (in_array($answered->status, $statuses, true)) {
            return;
        }
        throw new Unreachable(match (true) {
            $answered->status === 401 => 'The service does not take the token.',
            $answered->status === 429 => 'The service refused too many wrong tokens; it can be asked again later.',
            $answered->status >= 300 && $answered->status < 400 => 'It answers with a redirect, which is not followed.',
            default => "It answers with status $answered->status.",
        });
    }
}
