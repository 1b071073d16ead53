<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Log;

use OpenEMR\Modules\MassageBilling\Core\Database;

/** Finds visits in core's form_encounter. */
final class Visits
{
    /**
     * @param bool $lockBySignature core's setting lock_esign_all: an e-signature of the encounter locks it
     */
    public function __construct(private readonly Database $database, private readonly bool $lockBySignature = false)
    {
    }

    /** The visit of that patient; null where the encounter is not there, or is another patient's. */
    public function find(int $pid, int $encounter): ?Visit
    {
        $row = $this->database->row(
            'SELECT e.pid, e.encounter, DATE(e.date) AS day, e.provider_id, e.sensitivity, e.pc_catid,'
            . ' p.fname, p.lname, p.pubpid, p.DOB, p.squad'
            . ' FROM form_encounter e JOIN patient_data p ON p.pid = e.pid'
            . ' WHERE e.encounter = ? AND e.pid = ? ORDER BY e.id LIMIT 1',
            [$encounter, $pid]
        );
        if ($row === null || $row['day'] === null) {
            return null;
        }
        return new Visit(
            (int) $row['pid'],
            (int) $row['encounter'],
            (string) $row['day'],
            (int) $row['provider_id'],
            trim($row['fname'] . ' ' . $row['lname']),
            (string) $row['pubpid'],
            (string) $row['DOB'],
            (string) $row['sensitivity'],
            (string) $row['squad'],
            $this->aco((int) $row['pc_catid']),
            $this->lockBySignature && $this->isLocked((int) $row['encounter']),
        );
    }

    private function aco(int $category): string
    {
        return (string) $this->database->value(
            'SELECT aco_spec FROM openemr_postcalendar_categories WHERE pc_catid = ?',
            [$category]
        );
    }

    /** As core's ESign\Encounter_Signable::isLocked(): a signature of the encounter that locks. */
    private function isLocked(int $encounter): bool
    {
        return $this->database->value(
            "SELECT 1 FROM esign_signatures WHERE tid = ? AND `table` = 'form_encounter' AND is_lock = 1 LIMIT 1",
            [$encounter]
        ) !== null;
    }
}
