<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Log;

use OpenEMR\Modules\MassageBilling\Core\Access;

/**
 * Who may read, write and sign the log of a visit.
 *
 * Reading and writing follow core's encounter forms (registry.aco_spec "encounters|notes", "write" or "addonly" to
 * write) and what core's encounter page asks before it shows any form: the visit's sensitivity, the patient's squad and
 * the calendar category's ACL. Signing follows core's e-signature, which any writer of the form can give in his own
 * name, but a log says who treated: so its signer is the therapist of every row, or the encounter's own provider with
 * "encounters|auth" (authorize my encounters), or somebody with "encounters|auth_a" (authorize any encounter).
 */
final class Permission
{
    public function __construct(private readonly Access $access)
    {
    }

    public function mayRead(Visit $visit): bool
    {
        return ($this->access->may('encounters', 'notes') || $this->access->may('encounters', 'notes_a'))
            && $this->mayOpen($visit, '');
    }

    public function mayWrite(Visit $visit): bool
    {
        foreach (['notes', 'notes_a'] as $value) {
            foreach (['write', 'addonly'] as $right) {
                if ($this->access->may('encounters', $value, $right)) {
                    return $this->mayOpen($visit, 'write');
                }
            }
        }
        return false;
    }

    /** @param list<Row> $rows what would be signed */
    public function maySign(Visit $visit, array $rows): bool
    {
        if (!$this->mayWrite($visit)) {
            return false;
        }
        if ($this->access->may('encounters', 'auth_a')) {
            return true;
        }
        $me = $this->access->userId();
        if ($visit->provider === $me && $this->access->may('encounters', 'auth')) {
            return true;
        }
        $therapists = array_unique(array_map(static fn (Row $row): ?int => $row->therapist, $rows));
        return array_values($therapists) === [$me];
    }

    private function mayOpen(Visit $visit, string $right): bool
    {
        if ($visit->sensitivity !== '' && !$this->access->may('sensitivities', $visit->sensitivity)) {
            return false;
        }
        if ($visit->squad !== '' && !$this->access->may('squads', $visit->squad)) {
            return false;
        }
        if ($visit->categoryAco === '') {
            return true;
        }
        [$section, $value] = explode('|', $visit->categoryAco, 2) + [1 => ''];
        return $this->access->may($section, $value, $right);
    }
}
