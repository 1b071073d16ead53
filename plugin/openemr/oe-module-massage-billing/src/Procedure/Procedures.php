<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Procedure;

use OpenEMR\Modules\MassageBilling\Fhir\Page;
use OpenEMR\Modules\MassageBilling\Fhir\Refused;

/**
 * Procedures of this server: core's, then the rows of the treatment logs.
 *
 * Core answers everything at once, so its part is looked up on each page it reaches into; the logs' part goes on by
 * key.
 */
final class Procedures
{
    /** Where a page begins that still has Procedures of core's: so many were given. */
    private const CORE = '/^core\.(\d{1,7})$/D';

    public function __construct(
        private readonly FromCore $core,
        private readonly Ids $ids,
        private readonly LogRows $rows,
        private readonly LogProcedure $procedure,
    ) {
    }

    /**
     * The Procedure of a log's row; null where the id is none of ours.
     *
     * @return array<string, mixed>|null
     */
    public function read(string $id): ?array
    {
        $this->ids->prepare();
        $row = $this->rows->read($id);
        return $row === null ? null : $this->procedure->of($row);
    }

    public function search(Asked $asked): Found
    {
        $this->ids->prepare();
        $count = $asked->query->count;
        if ($count === 0) {
            $total = count($this->core->find($asked)) + $this->rows->count($asked->query, $asked->dates);
            return new Found(new Page([], null, $total));
        }
        $cursor = $asked->query->cursor ?? 'core.0';
        $found = [];
        $about = [];
        if (preg_match(self::CORE, $cursor, $place) === 1) {
            $of = $this->core->find($asked);
            $from = (int) $place[1];
            $part = $asked->isCounted ? array_slice($of, $from, $count) : $of;
            foreach ($part as [$procedure, $provenances]) {
                $found[] = $procedure;
                array_push($about, ...$provenances);
            }
            if ($asked->isCounted && $from + count($part) < count($of)) {
                return new Found(new Page($found, 'core.' . ($from + count($part))), $about);
            }
            $cursor = '';
            $count = $asked->isCounted ? $count - count($part) : $count;
        } elseif (!str_starts_with($cursor, 'log.')) {
            throw new Refused(400, 'value', 'The place to go on from is none that was given for this search.');
        }
        [$rows, $next] = $this->rows->page($asked->query, $asked->dates, $count, substr($cursor, 4));
        foreach ($rows as $row) {
            $found[] = $this->procedure->of($row);
        }
        $isAll = $next === null && $asked->query->cursor === null;
        return new Found(
            new Page($found, $next === null ? null : "log.$next", $isAll ? count($found) : null),
            $about
        );
    }
}
