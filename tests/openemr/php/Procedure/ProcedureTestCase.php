<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Procedure;

use OpenEMR\Modules\MassageBilling\Fhir\Pairs;
use OpenEMR\Modules\MassageBilling\Log\Regions;
use OpenEMR\Modules\MassageBilling\Procedure\Asked;
use OpenEMR\Modules\MassageBilling\Procedure\CoreProcedures;
use OpenEMR\Modules\MassageBilling\Procedure\Found;
use OpenEMR\Modules\MassageBilling\Procedure\FromCore;
use OpenEMR\Modules\MassageBilling\Procedure\Ids;
use OpenEMR\Modules\MassageBilling\Procedure\LogProcedure;
use OpenEMR\Modules\MassageBilling\Procedure\LogRows;
use OpenEMR\Modules\MassageBilling\Procedure\Procedures;
use OpenEMR\Modules\MassageBilling\Tests\Log\LogTestCase;

/** A clinic with logs, and a core that answers what a test gives it. */
abstract class ProcedureTestCase extends LogTestCase
{
    protected const BASE = 'https://clinic.example/apis/default/fhir';

    /** @var list<array<string, mixed>> what core has */
    protected array $ofCore = [];
    /** @var list<array<string, string>> what core was asked */
    protected array $askedOfCore = [];

    protected function procedures(): Procedures
    {
        $core = new class ($this->ofCore, $this->askedOfCore) implements CoreProcedures {
            /**
             * @param list<array<string, mixed>> $has
             * @param list<array<string, string>> $asked
             */
            public function __construct(private array &$has, private array &$asked)
            {
            }

            public function search(array $params): array
            {
                $this->asked[] = $params;
                return array_values(array_filter($this->has, static function (array $one) use ($params): bool {
                    $whose = explode('/', $one['subject']['reference'] ?? $one['target'][0]['reference'])[1];
                    return (!isset($params['patient']) || $one['resourceType'] !== 'Procedure'
                            || in_array($whose, explode(',', $params['patient']), true))
                        && (!isset($params['_id']) || in_array($one['id'], explode(',', $params['_id']), true));
                }));
            }
        };
        $rows = new LogRows($this->database);
        return new Procedures(new FromCore($core, $rows), self::ids(), $rows, new LogProcedure(new Regions()));
    }

    protected static function ids(): Ids
    {
        return new class implements Ids {
            public function prepare(): void
            {
            }
        };
    }

    protected function search(string $query, ?string $patient = null): Found
    {
        $asked = Asked::read(Pairs::split($query), self::BASE, $this->clock->now());
        return $this->procedures()->search($patient === null ? $asked : $asked->of($patient));
    }

    /**
     * Ids of what a search finds, over all pages.
     *
     * @return list<string>
     */
    protected function ids_(string $query): array
    {
        $ids = [];
        $cursor = null;
        do {
            $page = $this->search($query . ($cursor === null ? '' : '&_cursor=' . rawurlencode($cursor)))->page;
            array_push($ids, ...array_column($page->arrays(), 'id'));
            $cursor = $page->next;
        } while ($cursor !== null);
        return $ids;
    }

    /** A Procedure as core answers it. @return array<string, mixed> */
    protected function coreProcedure(string $code = '97124', string $at = '2026-12-01T15:00:00-08:00'): array
    {
        return $this->ofCore[] = [
            'id' => $this->clinic->uuid(),
            'meta' => ['versionId' => '1', 'lastUpdated' => $at],
            'resourceType' => 'Procedure',
            'status' => 'completed',
            'code' => ['coding' => [['system' => 'http://www.ama-assn.org/go/cpt', 'code' => $code]]],
            'subject' => ['reference' => "Patient/{$this->patient['uuid']}", 'type' => 'Patient'],
            'encounter' => ['reference' => "Encounter/{$this->encounter['uuid']}", 'type' => 'Encounter'],
            'performedDateTime' => $at,
        ];
    }
}
