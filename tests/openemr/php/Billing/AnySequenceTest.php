<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Billing;

use OpenEMR\Modules\MassageBilling\Fhir\Refused;

/**
 * Whatever people and programs do one after the other: no claim line stands twice, what a person typed or changed and
 * what was billed stays as it is, and posted means that the fee sheet costs what the Claim says.
 */
final class AnySequenceTest extends BillingTestCase
{
    private const STEPS = 45;
    private const ACTS = ['write', 'write', 'write', 'change', 'change', 'change', 'cancel', 'type', 'edit', 'delete', 'restore',
        'generate', 'generate', 'clear', 'reopen', 'reopen', 'reopenFeeSheet', 'pay', 'deny', 'retry', 'retry', 'misc', 'correct', 'correct', 'tidy',
        'tidy', 'tidy', 'tidy'];

    /** @var array<int, array<string, mixed>> rows that are no longer, or never were, the module's to change, by id */
    private array $fixed = [];
    /** @var array<string, array<string, mixed>> by Claim id, as it was written last */
    private array $claims = [];
    private int $revision = 0;
    private string $trace = '';
    /** @var array<string, mixed> what stood before a program's step */
    private array $before = [];

    /** @dataProvider seeds */
    public function testAnySequence(int $seed): void
    {
        mt_srand($seed);
        for ($step = 0; $step < self::STEPS; $step++) {
            $this->clock->pass(mt_rand(1, 90) . ' minutes');
            $act = $this->one(self::ACTS);
            $this->trace .= " $act";
            $this->before = $this->everything();
            try {
                $this->$act();
                if (in_array($act, ['write', 'change', 'retry', 'correct'], true)) {
                    $this->lookAfterPosting("seed $seed:$this->trace");
                }
            } catch (Refused $refused) {
                $this->trace .= "($refused->status)";
                self::assertContains($refused->status, [409, 422], "seed $seed:$this->trace");
                self::assertSame($this->before, $this->everything(), "Refused, and something stayed. seed $seed:$this->trace");
            }
            $this->look("seed $seed:$this->trace");
        }
    }

    /** @return list<array{int}> */
    public function seeds(): array
    {
        return array_map(static fn(int $seed): array => [$seed], range(1, (int) (getenv('MB_SEEDS') ?: 25)));
    }

    private function write(): void
    {
        $claim = $this->someClaim(['revision' => ++$this->revision]);
        $this->claims[$this->create($claim)->id] = $claim;
    }

    private function change(): void
    {
        $id = $this->one(array_keys($this->claims));
        if ($id !== null) {
            $old = $this->claims[$id];
            $new = ['identifier' => $old['identifier'], 'related' => $old['related'] ?? null,
                'extension' => $old['extension']] + $this->someClaim([]);
            $new = array_filter($new, static fn(mixed $part): bool => $part !== null);
            $this->update($id, $new);
            $this->claims[$id] = $new;
        }
    }

    private function cancel(): void
    {
        $id = $this->one(array_keys($this->claims));
        if ($id !== null) {
            $status = ['cancelled', 'draft', 'entered-in-error'][mt_rand(0, 2)];
            $new = ['status' => $status] + $this->claims[$id];
            $this->update($id, $new);
            $this->claims[$id] = $new;
        }
    }

    private function correct(): void
    {
        $prior = $this->one(array_keys($this->claims));
        if ($prior !== null) {
            $claim = $this->someClaim(['revision' => ++$this->revision, 'frequency' => ['7', '8'][mt_rand(0, 1)], 'prior' => $prior]);
            $this->claims[$this->create($claim)->id] = $claim;
        }
    }

    private function type(): void
    {
        $id = $this->manager->type(['97010', '97124'][mt_rand(0, 1)], ['0.00', '15.00'][mt_rand(0, 1)]);
        $this->fix($id);
    }

    private function edit(): void
    {
        $id = $this->ofUs('activity = 1 AND billed = 0');
        if ($id !== null) {
            $this->manager->edit($id, 'units', mt_rand(11, 14));
            $this->fix($id);
        }
    }

    /** A person deletes any row that is not billed. */
    private function delete(): void
    {
        $id = $this->one(array_column($this->database->rows(
            'SELECT id FROM billing WHERE activity = 1 AND billed = 0 AND bill_process = 0'
        ), 'id'));
        if ($id !== null) {
            $this->manager->delete((int) $id);
            unset($this->fixed[(int) $id]);
        }
    }

    /** A person puts a deleted row back. */
    private function restore(): void
    {
        $id = $this->ofUs('activity = 0 AND billed = 0');
        $stands = $id !== null && $this->database->row(
            "SELECT 1 FROM massage_billing_billing_row WHERE kind <> 'misc' AND row_id = ? AND active <> 0",
            [$id]
        ) !== null;
        if ($id !== null && !$stands) {
            $this->database->change('UPDATE billing SET activity = 1 WHERE id = ?', [$id]);
            $this->fix($id);
        }
    }

    /** A person deletes every charge that is not the module's, and every form, and asks for what was settled. */
    private function tidy(): void
    {
        foreach ($this->fixed as $id => $row) {
            if ((int) $row['billed'] === 0 && (int) $row['bill_process'] === 0) {
                $this->manager->delete($id);
                unset($this->fixed[$id]);
            }
        }
        if ($this->form() !== null) {
            $this->manager->deleteForm((int) $this->form()['id']);
        }
        $this->before = $this->everything();
        $this->retry();
    }

    private function clear(): void
    {
        $this->manager->clear($this->coverage['company']);
        $this->again();
    }

    private function generate(): void
    {
        $this->manager->generate([$this->coverage['company'], 4711][mt_rand(0, 1)]);
        $this->again();
    }

    private function reopen(): void
    {
        $this->manager->reopen($this->coverage['company']);
        $this->again();
    }

    private function reopenFeeSheet(): void
    {
        $this->manager->reopenFeeSheet();
        $this->again();
    }

    private function deny(): void
    {
        $this->manager->deny($this->coverage['company']);
        $this->again();
    }

    private function pay(): void
    {
        $this->manager->pay('10.00', mt_rand(0, 1));
    }

    private function retry(): void
    {
        $id = $this->one(array_keys($this->claims));
        if ($id !== null) {
            $this->clock->pass('1 second');
            $this->posting->retry($id);
        }
    }

    private function misc(): void
    {
        if ($this->form() === null && $this->database->row('SELECT 1 FROM form_misc_billing_options WHERE encounter IS NOT NULL') === null) {
            $this->manager->misc(['prior_auth_number' => ['A-1', 'X-9'][mt_rand(0, 1)]]);
        } elseif (mt_rand(0, 2) === 0 && $this->form() !== null) {
            $this->manager->deleteForm((int) $this->form()['id']);
        }
    }

    /** Right after a Claim was posted nothing else is charged in its visit. */
    private function lookAfterPosting(string $when): void
    {
        $last = $this->database->row(
            'SELECT claim, state FROM massage_billing_posting ORDER BY updated_at DESC, claim DESC LIMIT 1'
        );
        $now = $this->clock->now()->format('Y-m-d H:i:s.v');
        $isNow = $this->database->value('SELECT MAX(updated_at) FROM massage_billing_posting') === $now;
        if (!$isNow || $last['state'] !== 'posted') {
            return;
        }
        $others = $this->database->rows(
            "SELECT id FROM billing WHERE activity = 1 AND code_type <> 'ICD10' AND id NOT IN (SELECT row_id FROM "
            . "massage_billing_billing_row WHERE claim = ? AND kind = 'cpt' AND active = 1)",
            [$last['claim']]
        );
        self::assertSame([], $others, "Posted beside somebody's charge. $when");
    }

    private function look(string $when): void
    {
        $rows = array_column($this->database->rows('SELECT * FROM billing'), null, 'id');
        foreach ($this->fixed as $id => $row) {
            self::assertSame($row, $rows[$id], "A person's row was changed. $when");
        }
        foreach ($rows as $row) {
            if ((int) $row['billed'] === 1 && isset($this->billed[$row['id']])) {
                $was = $this->billed[$row['id']];
                self::assertSame(array_replace($was, ['activity' => $row['activity']]), $row, "A billed row was changed. $when");
            }
        }
        $this->billed = array_filter($rows, static fn(array $row): bool => (int) $row['billed'] === 1);
        $live = 0;
        foreach (array_keys($this->claims) as $id) {
            $own = $this->database->rows(
                "SELECT b.* FROM massage_billing_billing_row r JOIN billing b ON b.id = r.row_id WHERE r.claim = ? "
                . "AND r.kind = 'cpt' AND r.active = 1 AND b.activity = 1",
                [$id]
            );
            $live += (int) ($own !== []);
            if ($this->state($id) !== 'posted') {
                continue;
            }
            $touched = array_filter($own, fn(array $row): bool => isset($this->fixed[(int) $row['id']]));
            $deleted = $this->database->row(
                "SELECT 1 FROM massage_billing_billing_row r JOIN billing b ON b.id = r.row_id WHERE r.claim = ? "
                . "AND r.kind = 'cpt' AND r.active = 1 AND b.activity = 0",
                [$id]
            );
            if ($touched === [] && $deleted === null) {
                $total = (int) round(100 * $this->claims[$id]['total']['value']);
                self::assertSame($total, (int) array_sum(array_map(
                    static fn(array $row): int => (int) round(100 * (float) $row['fee']),
                    $own
                )), "The fee sheet does not cost what Claim/$id says. $when");
                self::assertCount(count($this->claims[$id]['item']), $own, $when);
            }
        }
        self::assertLessThanOrEqual(1, $live, "Two Claims of one visit have rows. $when");
        $twice = $this->database->rows(
            'SELECT row_id FROM massage_billing_billing_row WHERE active = 1 GROUP BY kind, row_id HAVING COUNT(*) > 1'
        );
        self::assertSame([], $twice, "A row belongs to two Claims. $when");
        self::assertCount(0, array_diff(
            array_column($this->database->rows('SELECT id FROM billing WHERE activity = 1 AND code_type = ?', ['CPT4']), 'id'),
            array_column($this->database->rows("SELECT row_id FROM massage_billing_billing_row WHERE kind = 'cpt' AND active = 1"), 'row_id'),
            array_keys($this->fixed)
        ), "A row is nobody's. $when");
        $forms = $this->database->value("SELECT COUNT(*) FROM forms WHERE deleted = 0 AND formdir = 'misc_billing_options'");
        self::assertLessThanOrEqual(1, (int) $forms, "Two forms of one encounter. $when");
    }

    /** @var array<int, array<string, mixed>> billed rows as they were after the step before */
    private array $billed = [];

    /** @param array<string, mixed> $with @return array<string, mixed> */
    private function someClaim(array $with): array
    {
        $lines = [];
        foreach (range(1, mt_rand(1, 3)) as $n) {
            $lines[] = [['97124', '97140', '97110'][mt_rand(0, 2)], mt_rand(1, 4), [3000, 3333, 4525][mt_rand(0, 2)],
                mt_rand(0, 1) ? ['GP'] : [], [mt_rand(1, 2)]];
        }
        $with += ['lines' => $lines, 'diagnoses' => ['M54.50', 'M54.2']];
        if (mt_rand(0, 2) === 0) {
            $with['auth'] = ['A-1', 'A-2'][mt_rand(0, 1)];
        }
        return $this->claim($with);
    }

    /** @param list<mixed> $of */
    private function one(array $of): mixed
    {
        return $of === [] ? null : $of[mt_rand(0, count($of) - 1)];
    }

    /** A row that the module wrote once. */
    private function ofUs(string $where): ?int
    {
        $ids = array_column($this->database->rows(
            "SELECT id FROM billing WHERE $where AND code_type <> 'ICD10' AND bill_process = 0 "
            . "AND id IN (SELECT row_id FROM massage_billing_billing_row WHERE kind = 'cpt')"
        ), 'id');
        $id = $this->one($ids);
        return $id === null ? null : (int) $id;
    }

    private function fix(int $id): void
    {
        $this->fixed[$id] = $this->database->row('SELECT * FROM billing WHERE id = ?', [$id]);
    }

    /** Billing Manager marked all active rows: that is how the fixed ones have to stay now. */
    private function again(): void
    {
        array_map([$this, 'fix'], array_keys($this->fixed));
        $this->billed = [];
    }
}
