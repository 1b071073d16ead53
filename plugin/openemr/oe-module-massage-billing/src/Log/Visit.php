<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Log;

/** The encounter a log belongs to, as far as the log needs it. */
final class Visit
{
    /**
     * @param int $encounter form_encounter.encounter, the number people see
     * @param string $day date of the encounter, "2026-11-20", at the site
     * @param int $provider users.id of the encounter's provider; 0 where there is none
     * @param string $patientName for the page's heading
     * @param string $patientNumber patient_data.pubpid
     * @param string $birthDay "1980-01-31"; "" where it is not known
     * @param string $sensitivity form_encounter.sensitivity; "" where it has none
     * @param string $squad patient_data.squad; "" where it has none
     * @param string $categoryAco ACL of the visit's calendar category, "section|value"; "" where it has none
     * @param bool $locked whether the encounter was locked by an e-signature
     */
    public function __construct(
        public readonly int $pid,
        public readonly int $encounter,
        public readonly string $day,
        public readonly int $provider,
        public readonly string $patientName = '',
        public readonly string $patientNumber = '',
        public readonly string $birthDay = '',
        public readonly string $sensitivity = '',
        public readonly string $squad = '',
        public readonly string $categoryAco = '',
        public readonly bool $locked = false,
    ) {
    }
}
