<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Log;

use OpenEMR\Modules\MassageBilling\Core\Access;
use OpenEMR\Modules\MassageBilling\Core\Audit;

/** The page of a visit's treatment log: shows it, saves it, signs it, amends it. */
final class Page
{
    private const NO_VISIT = 'There is no such visit of this patient.';
    private const NOT_ALLOWED = 'You may not open the treatment log of this visit.';
    private const NOT_WRITTEN = 'You may not write the treatment log of this visit.';
    private const STALE = 'This form has expired, so nothing was saved. Save again.';

    public function __construct(
        private readonly Visits $visits,
        private readonly LogStore $store,
        private readonly Choices $choices,
        private readonly RowReader $reader,
        private readonly Permission $permission,
        private readonly Identity $identity,
        private readonly Access $access,
        private readonly Audit $audit,
        private readonly View $view,
    ) {
    }

    /** @param array<mixed> $query */
    public function get(array $query): Answer
    {
        $visit = $this->visit($query);
        if ($visit === null) {
            return $this->refusal(404, self::NO_VISIT);
        }
        if (!$this->permission->mayRead($visit)) {
            return $this->refusal(403, self::NOT_ALLOWED);
        }
        if (isset($query['find'])) {
            return new Answer(200, data: $this->find((string) $query['find'], self::word($query['q'] ?? '')));
        }
        $log = $this->store->find($visit->pid, $visit->encounter) ?? TreatmentLog::blank($visit);
        if (isset($query['print'])) {
            return new Answer(200, 'log-print.html.twig', $this->view->saved($visit, $log));
        }
        if (!$this->permission->mayWrite($visit) || ($log->isSigned() && empty($query['amend']))) {
            return $this->readOnly($visit, $log, self::notice($query));
        }
        $typed = Typed::of($log);
        $faults = $log->version > 0 ? $this->reader->read($typed, $visit, $this->therapists($log))->faults : [];
        return $this->form(200, $visit, $log, new Form($typed, $faults, notices: self::notice($query)));
    }

    /**
     * @param array<mixed> $query
     * @param array<mixed> $posted
     * @param bool $isOurs whether the form's CSRF token is right
     */
    public function post(array $query, array $posted, bool $isOurs): Answer
    {
        $visit = $this->visit($query);
        if ($visit === null) {
            return $this->refusal(404, self::NO_VISIT);
        }
        if (!$this->permission->mayRead($visit)) {
            return $this->refusal(403, self::NOT_ALLOWED);
        }
        if (!$this->permission->mayWrite($visit)) {
            return $this->refusal(403, self::NOT_WRITTEN);
        }
        $log = $this->store->find($visit->pid, $visit->encounter) ?? TreatmentLog::blank($visit);
        $typed = Typed::from($posted)->shorter();
        if (!$isOurs) {
            return $this->form(403, $visit, $log, new Form($typed, errors: [self::STALE]));
        }
        $do = self::word($posted['do'] ?? '');
        if ($do === 'add') {
            return $this->form(200, $visit, $log, new Form($typed->longer($this->usual($visit))));
        }
        if ($do === 'find') {
            $asked = self::word($posted['look'] ?? '');
            return $this->form(200, $visit, $log, new Form($typed, found: $this->found($asked)));
        }
        try {
            $password = is_string($posted['password'] ?? null) ? $posted['password'] : '';
            return $this->write($visit, $log, self::upon($typed, $posted), $do, $password);
        } catch (Conflict) {
            $now = $this->store->find($visit->pid, $visit->encounter) ?? TreatmentLog::blank($visit);
            return $this->form(409, $visit, $now, new Form($typed, isConflict: true));
        }
    }

    /**
     * Where somebody was told that another saved meanwhile, and decided, the change is made from what is saved now.
     *
     * @param array<mixed> $posted
     */
    private static function upon(Typed $typed, array $posted): Typed
    {
        $over = $posted['over'] ?? '';
        return is_string($over) && ctype_digit($over) ? $typed->upon((int) $over) : $typed;
    }

    private function write(Visit $visit, TreatmentLog $log, Typed $typed, string $do, string $password): Answer
    {
        if ($typed->version !== $log->version) {
            throw new Conflict();
        }
        $read = $this->reader->read($typed, $visit, $this->therapists($log));
        if (!$read->isReadable()) {
            return $this->form(422, $visit, $log, new Form($typed, $read->faults, ['Nothing was saved.']));
        }
        if ($log->isSigned()) {
            return $this->amend($visit, $log, $typed, $read, $password);
        }
        if ($visit->locked && $typed->reason === '') {
            $fault = new Fault(-1, 'reason', 'The visit is locked by its signature. Say why the log changes.');
            return $this->form(422, $visit, $log, new Form($typed, [...$read->faults, $fault], ['Nothing was saved.']));
        }
        $saved = $this->store->apply($visit, $this->change($typed, $read, Change::SAVE));
        return $do === 'sign' ? $this->sign($visit, $saved, $password) : $this->seeOther($visit, 'saved');
    }

    /** What was typed is saved as a draft by now, so that a signature that is refused loses nothing. */
    private function sign(Visit $visit, TreatmentLog $log, string $password): Answer
    {
        $typed = Typed::of($log);
        $read = $this->reader->read($typed, $visit, $this->therapists($log));
        $fault = $this->unsigned($visit, $log->standing(), $password);
        if ($read->isComplete() && $fault === null) {
            $this->store->apply($visit, $this->change($typed, $read, Change::SIGN));
            return $this->seeOther($visit, 'signed');
        }
        $faults = $fault === null ? $read->faults : [...$read->faults, $fault];
        $why = $read->rows === [] ? ['It was not signed: the log has no row.'] : ['It was saved, but not signed.'];
        return $this->form(422, $visit, $log, new Form($typed, $faults, $why));
    }

    private function amend(Visit $visit, TreatmentLog $log, Typed $typed, ReadRows $read, string $password): Answer
    {
        $faults = $read->faults;
        if ($typed->reason === '') {
            $faults[] = new Fault(-1, 'reason', 'Say why the signed log changes.');
        }
        $fault = $this->unsigned($visit, [...$log->standing(), ...$read->list()], $password);
        if ($fault !== null) {
            $faults[] = $fault;
        }
        if ($faults !== []) {
            return $this->form(422, $visit, $log, new Form($typed, $faults, ['The amendment was not saved.']));
        }
        $this->store->apply($visit, $this->change($typed, $read, Change::AMEND));
        return $this->seeOther($visit, 'amended');
    }

    /**
     * Why this user does not sign these rows; null where nothing is in the way.
     *
     * @param list<Row> $rows
     */
    private function unsigned(Visit $visit, array $rows, string $password): ?Fault
    {
        if (!$this->permission->maySign($visit, $rows)) {
            return new Fault(
                -1,
                'sign',
                'Only the therapist of every row, the provider of the visit, or who authorizes visits may sign.'
            );
        }
        if ($this->identity->hasPassword() && !$this->identity->isPassword($password)) {
            if ($password === '') {
                return new Fault(-1, 'password', 'Give your password to sign.');
            }
            $what = "signature in encounter {$visit->encounter} refused: the password was wrong";
            $this->audit->note('massage-billing-log', $what, $visit->pid, false);
            return new Fault(-1, 'password', 'The password is wrong.');
        }
        return null;
    }

    private function change(Typed $typed, ReadRows $read, string $action): Change
    {
        return new Change(
            $typed->version,
            $read->list(),
            $typed->selfPay,
            $typed->note,
            $action,
            $this->access->userId(),
            $typed->reason,
        );
    }

    /** @param list<string> $notices */
    private function readOnly(Visit $visit, TreatmentLog $log, array $notices): Answer
    {
        $data = $this->view->saved($visit, $log) + [
            'notices' => $notices,
            'mayAmend' => $log->isSigned() && $this->permission->maySign($visit, $log->standing()),
        ];
        return new Answer(200, 'log-read.html.twig', $data);
    }

    private function form(int $status, Visit $visit, TreatmentLog $log, Form $form): Answer
    {
        $data = $this->view->form($visit, $log, $form, $this->therapists($log));
        return new Answer($status, 'log.html.twig', $data + [
            'asksPassword' => $this->identity->hasPassword(),
            'usual' => $this->usual($visit),
        ]);
    }

    private function refusal(int $status, string $why): Answer
    {
        return new Answer($status, 'log-refused.html.twig', ['why' => $why]);
    }

    private function seeOther(Visit $visit, string $done): Answer
    {
        return new Answer(303, redirect: http_build_query(
            ['pid' => $visit->pid, 'encounter' => $visit->encounter, 'done' => $done]
        ));
    }

    /** @param array<mixed> $query */
    private function visit(array $query): ?Visit
    {
        $pid = $query['pid'] ?? '';
        $encounter = $query['encounter'] ?? '';
        if (!is_string($pid) || !is_string($encounter) || !ctype_digit($pid) || !ctype_digit($encounter)) {
            return null;
        }
        return $this->visits->find((int) $pid, (int) $encounter);
    }

    /**
     * @param array<mixed> $query
     * @return list<string>
     */
    private static function notice(array $query): array
    {
        return match ($query['done'] ?? '') {
            'saved' => ['Saved as a draft. It counts once it is signed.'],
            'signed' => ['Signed.'],
            'amended' => ['The amendment was saved and signed.'],
            default => [],
        };
    }

    /** @return array<int, string> */
    private function therapists(TreatmentLog $log): array
    {
        $named = array_map(static fn (Row $row): int => $row->therapist ?? 0, $log->rows);
        return $this->choices->therapists(array_values(array_filter(array_unique($named))));
    }

    /** The therapist a new row begins with: the visit's provider, else who is writing. */
    private function usual(Visit $visit): int
    {
        $all = $this->choices->therapists();
        foreach ([$visit->provider, $this->access->userId()] as $id) {
            if (isset($all[$id])) {
                return $id;
            }
        }
        return 0;
    }

    /** @return array<string, mixed> */
    private function find(string $kind, string $asked): array
    {
        $found = [];
        if (mb_strlen($asked) < 2) {
            return ['found' => []];
        }
        if ($kind === 'diagnosis') {
            foreach ($this->choices->searchDiagnoses($asked) as $code => $words) {
                $found[] = ['code' => (string) $code, 'text' => $words];
            }
        } elseif ($kind === 'technique') {
            foreach ($this->choices->searchTechniques($asked) as $technique) {
                $found[] = ['code' => $technique['code'], 'text' => $technique['text']];
            }
        }
        return ['found' => $found];
    }

    /** @return array<string, string> */
    private function found(string $asked): array
    {
        $all = [...$this->find('technique', $asked)['found'], ...$this->find('diagnosis', $asked)['found']];
        return array_column($all, 'text', 'code');
    }

    private static function word(mixed $value): string
    {
        return is_string($value) ? mb_substr(trim($value), 0, 80) : '';
    }
}
