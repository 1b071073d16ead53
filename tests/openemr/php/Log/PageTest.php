<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Log;

use OpenEMR\Modules\MassageBilling\Log\Answer;
use OpenEMR\Modules\MassageBilling\Log\Choices;
use OpenEMR\Modules\MassageBilling\Log\Identity;
use OpenEMR\Modules\MassageBilling\Log\Page;
use OpenEMR\Modules\MassageBilling\Log\Permission;
use OpenEMR\Modules\MassageBilling\Log\Regions;
use OpenEMR\Modules\MassageBilling\Log\Row;
use OpenEMR\Modules\MassageBilling\Log\RowReader;
use OpenEMR\Modules\MassageBilling\Log\View;
use OpenEMR\Modules\MassageBilling\Log\Visits;
use OpenEMR\Modules\MassageBilling\Tests\Support\SetAccess;
use Twig\Environment;
use Twig\Loader\FilesystemLoader;
use Twig\TwigFilter;
use Twig\TwigFunction;

/** What people see on the page of the log, and what it does when they press a button. */
final class PageTest extends LogTestCase
{
    private const READ = ['encounters/notes'];
    private const WRITE = ['encounters/notes', 'encounters/notes/write'];
    private const AUTHORIZE = [...self::WRITE, 'encounters/auth_a'];

    /** @param list<string> $rights */
    private function page(array $rights = self::WRITE, int $user = 0, bool $locks = false): Page
    {
        $access = new SetAccess($rights, $user ?: $this->therapist['id']);
        $choices = new Choices($this->database);
        $identity = new class implements Identity {
            public function hasPassword(): bool
            {
                return true;
            }

            public function isPassword(string $password): bool
            {
                return $password === 'right';
            }
        };
        return new Page(
            new Visits($this->database, $locks),
            $this->store,
            $choices,
            new RowReader($choices, new Regions()),
            new Permission($access),
            $identity,
            $access,
            $this->audit,
            new View($this->store, $choices),
        );
    }

    /** @return array<string, string> */
    private function query(string ...$more): array
    {
        return ['pid' => (string) $this->visit->pid, 'encounter' => (string) $this->visit->encounter] + $more;
    }

    /** @return array<string, string> */
    private function typed(string ...$fields): array
    {
        return $fields + ['code' => '97124', 'minutes' => '60', 'therapist' => (string) $this->therapist['id']];
    }

    /**
     * @param list<array<string, string>> $rows
     * @return array<string, mixed>
     */
    private function posted(array $rows, string $do = 'save', int $version = 0, string ...$more): array
    {
        return $more + ['rows' => $rows, 'do' => $do, 'version' => (string) $version, 'password' => 'right'];
    }

    private function html(Answer $answer): string
    {
        $twig = new Environment(new FilesystemLoader(MODULE . '/templates'), [
            'autoescape' => false, 'strict_variables' => true,
        ]);
        $escape = static fn (mixed $text): string => htmlspecialchars((string) $text, ENT_QUOTES);
        foreach (['text', 'attr', 'xlt', 'xla', 'oeFormatDateTime', 'shortDate'] as $name) {
            $filter = str_starts_with($name, 'oe') || $name === 'shortDate' ? static fn (mixed $t): mixed => $t : $escape;
            $twig->addFilter(new TwigFilter($name, $filter));
        }
        $twig->addFunction(new TwigFunction('setupHeader', static fn (): string => ''));
        return $twig->render($answer->template, $answer->data + [
            'self' => http_build_query($this->query()), 'assets' => '/assets', 'csrf' => 'token',
        ]);
    }

    public function testABlankLogHasARowWithTheVisitsProvider(): void
    {
        $html = $this->html($this->page()->get($this->query()));
        self::assertMatchesRegularExpression(
            '/<option value="' . $this->therapist['id'] . '" selected>Thea Testtherapist/',
            $html
        );
        self::assertStringContainsString('list="log-techniques"', $html);
        self::assertStringContainsString('Not begun', $html);
        self::assertStringContainsString('name="csrf_token_form" value="token"', $html);
    }

    public function testTechniquesWithAPriceComeFirst(): void
    {
        $codes = array_column((new Choices($this->database))->techniques(), 'code');
        self::assertSame(['97124', '97140', '97010', '97112'], $codes);
    }

    public function testNothingIsFilledInFromTheTimesOfTheVisit(): void
    {
        self::assertStringNotContainsString('09:30', $this->html($this->page()->get($this->query())));
    }

    public function testADraftIsSavedAndShownAgain(): void
    {
        $answer = $this->page()->post($this->query(), $this->posted([$this->typed(region: 'neck')]), true);
        self::assertSame(303, $answer->status);
        self::assertSame('neck', $this->found()->rows[0]->regionText);
        $html = $this->html($this->page()->get($this->query(done: 'saved')));
        self::assertStringContainsString('Saved as a draft', $html);
        self::assertStringContainsString('value="neck"', $html);
    }

    public function testARowIsAddedWithoutScriptsAndNothingIsSaved(): void
    {
        $answer = $this->page()->post($this->query(), $this->posted([$this->typed()], 'add'), true);
        self::assertSame(2 + 1, substr_count($this->html($answer), '<fieldset')); // and the template for scripts
        self::assertNull($this->store->find($this->visit->pid, $this->visit->encounter));
    }

    public function testWhatCannotBeReadIsKeptOnTheScreenAndNothingIsSaved(): void
    {
        $answer = $this->page()->post($this->query(), $this->posted([$this->typed(minutes: 'an hour')]), true);
        self::assertSame(422, $answer->status);
        $html = $this->html($answer);
        self::assertStringContainsString('value="an hour"', $html);
        self::assertStringContainsString('Minutes are a whole number.', $html);
        self::assertNull($this->store->find($this->visit->pid, $this->visit->encounter));
    }

    public function testTheTherapistSigns(): void
    {
        $answer = $this->page()->post($this->query(), $this->posted([$this->typed()], 'sign'), true);
        self::assertSame(303, $answer->status);
        self::assertTrue($this->found()->isSigned());
        self::assertSame($this->therapist['id'], $this->found()->signedBy);
        $html = $this->html($this->page()->get($this->query()));
        self::assertStringNotContainsString('<form', $html);
        self::assertStringContainsString('Amend', $html);
    }

    public function testAnIncompleteLogIsSavedButNotSigned(): void
    {
        $answer = $this->page()->post($this->query(), $this->posted([$this->typed(minutes: '')], 'sign'), true);
        self::assertSame(422, $answer->status);
        self::assertFalse($this->found()->isSigned());
        $html = $this->html($answer);
        self::assertStringContainsString('It was saved, but not signed.', $html);
        self::assertStringContainsString('Write the minutes, or start and end.', $html);
        self::assertStringContainsString('name="version" value="1"', $html);
    }

    public function testALogWithoutRowsIsNotSigned(): void
    {
        $answer = $this->page()->post($this->query(), $this->posted([], 'sign'), true);
        self::assertSame(422, $answer->status);
        self::assertFalse($this->found()->isSigned());
    }

    public function testAWrongPasswordSignsNothing(): void
    {
        $posted = $this->posted([$this->typed()], 'sign', 0, password: 'wrong');
        $answer = $this->page()->post($this->query(), $posted, true);
        self::assertSame(422, $answer->status);
        self::assertFalse($this->found()->isSigned());
        self::assertStringContainsString('The password is wrong.', $this->html($answer));
        self::assertFalse(end($this->audit->notes)['success']);
        self::assertStringNotContainsString('"wrong"', $this->html($answer));
    }

    public function testSomebodyElseSignsOnlyWithTheRightToAuthorize(): void
    {
        $posted = $this->posted([$this->typed()], 'sign');
        self::assertSame(422, $this->page(self::WRITE, 4711)->post($this->query(), $posted, true)->status);
        self::assertFalse($this->found()->isSigned());
        $posted = $this->posted([$this->typed(uuid: $this->found()->rows[0]->uuid)], 'sign', 1);
        self::assertSame(303, $this->page(self::AUTHORIZE, 4711)->post($this->query(), $posted, true)->status);
        self::assertSame(4711, $this->found()->signedBy);
    }

    public function testOneOfTwoTherapistsDoesNotSignForTheOther(): void
    {
        $other = $this->clinic->therapist('1679576722');
        $rows = [$this->typed(), $this->typed(therapist: (string) $other['id'])];
        $answer = $this->page(self::WRITE, $other['id'])->post($this->query(), $this->posted($rows, 'sign'), true);
        self::assertSame(422, $answer->status);
        self::assertFalse($this->found()->isSigned());
    }

    public function testTheVisitsProviderSignsWithTheRightToAuthorizeHerOwn(): void
    {
        $other = $this->clinic->therapist('1679576722');
        $rows = [$this->typed(), $this->typed(therapist: (string) $other['id'])];
        $page = $this->page([...self::WRITE, 'encounters/auth'], $this->therapist['id']);
        self::assertSame(303, $page->post($this->query(), $this->posted($rows, 'sign'), true)->status);
    }

    public function testASignedLogIsAmendedWithAReason(): void
    {
        $signed = $this->sign([$this->row()]);
        $row = $this->typed(uuid: $signed->rows[0]->uuid, minutes: '45');
        $refused = $this->page()->post($this->query(), $this->posted([$row], 'sign', 1), true);
        self::assertSame(422, $refused->status);
        self::assertStringContainsString('Say why the signed log changes.', $this->html($refused));
        self::assertSame(60, $this->found()->rows[0]->minutes);

        $posted = $this->posted([$row], 'sign', 1, reason: 'it was 45');
        self::assertSame(303, $this->page()->post($this->query(), $posted, true)->status);
        self::assertSame(45, $this->found()->rows[0]->minutes);
        $html = $this->html($this->page()->get($this->query()));
        self::assertStringContainsString('it was 45', $html);
    }

    public function testAnAmendmentThatIsNotCompleteChangesNothing(): void
    {
        $signed = $this->sign([$this->row()]);
        $row = $this->typed(uuid: $signed->rows[0]->uuid, minutes: '');
        $answer = $this->page()->post($this->query(), $this->posted([$row], 'sign', 1, reason: 'why not'), true);
        self::assertSame(422, $answer->status);
        self::assertEquals($signed->rows, $this->found()->rows);
        self::assertStringContainsString('value="why not"', $this->html($answer));
    }

    public function testTheSecondWriterIsToldAndKeepsWhatWasTyped(): void
    {
        $first = $this->save([$this->row()]);
        $this->save([$this->row(uuid: $first->rows[0]->uuid, minutes: 50)], 1);
        $posted = $this->posted([$this->typed(uuid: $first->rows[0]->uuid, region: 'left knee')], 'save', 1);
        $answer = $this->page()->post($this->query(), $posted, true);

        self::assertSame(409, $answer->status);
        $html = $this->html($answer);
        self::assertStringContainsString('Somebody else saved this log', $html);
        self::assertStringContainsString('value="left knee"', $html);
        self::assertStringContainsString('<td>50</td>', $html);
        self::assertStringContainsString('name="version" value="1"', $html);
        self::assertSame(50, $this->found()->rows[0]->minutes);

        $over = $this->page()->post($this->query(), ['over' => '2'] + $posted, true);
        self::assertSame(303, $over->status);
        self::assertSame('left knee', $this->found()->rows[0]->regionText);
        self::assertSame(50, $this->store->history($first->id)[1]->content['rows'][0]['minutes']);
    }

    public function testAFormFromBeforeTheSignatureBecomesAnAmendment(): void
    {
        $first = $this->save([$this->row()]);
        $this->sign($first->rows, 1);
        $posted = $this->posted([$this->typed(uuid: $first->rows[0]->uuid, minutes: '30')], 'save', 1);
        $answer = $this->page()->post($this->query(), $posted, true);
        self::assertSame(409, $answer->status);
        self::assertStringContainsString('Reason of the amendment', $this->html($answer));
        self::assertSame(422, $this->page()->post($this->query(), ['over' => '2'] + $posted, true)->status);
        self::assertSame(60, $this->found()->rows[0]->minutes);
    }

    public function testAForgedFormWritesNothing(): void
    {
        $answer = $this->page()->post($this->query(), $this->posted([$this->typed(region: 'neck')]), false);
        self::assertSame(403, $answer->status);
        self::assertStringContainsString('value="neck"', $this->html($answer));
        self::assertNull($this->store->find($this->visit->pid, $this->visit->encounter));
    }

    public function testAVisitOfAnotherPatientIsNotThere(): void
    {
        $other = $this->clinic->patient();
        $query = ['pid' => (string) $other['pid']] + $this->query();
        self::assertSame(404, $this->page()->get($query)->status);
        self::assertSame(404, $this->page()->post($query, $this->posted([$this->typed()]), true)->status);
        foreach ([[], ['pid' => "1' OR '1"] + $this->query(), ['encounter' => ['5']] + $this->query()] as $odd) {
            self::assertSame(404, $this->page()->get($odd)->status);
        }
    }

    public function testRightsAreAskedOnEveryWay(): void
    {
        $this->save([$this->row()]);
        self::assertSame(403, $this->page([])->get($this->query())->status);
        self::assertSame(403, $this->page([])->get($this->query(print: '1'))->status);
        self::assertSame(403, $this->page([])->get($this->query(find: 'technique', q: '97'))->status);
        self::assertSame(403, $this->page([])->post($this->query(), $this->posted([]), true)->status);
        self::assertSame(403, $this->page(self::READ)->post($this->query(), $this->posted([]), true)->status);
        $html = $this->html($this->page(self::READ)->get($this->query()));
        self::assertStringNotContainsString('<form', $html);
        self::assertStringContainsString('97124', $html);
    }

    public function testASensitiveVisitNeedsItsRight(): void
    {
        $this->database->change("UPDATE form_encounter SET sensitivity = 'high'");
        self::assertSame(403, $this->page()->get($this->query())->status);
        self::assertSame(200, $this->page([...self::WRITE, 'sensitivities/high'])->get($this->query())->status);
    }

    public function testALockedVisitTakesALateEntryWithAReason(): void
    {
        $this->clinic->add('esign_signatures', [
            'tid' => $this->visit->encounter, 'table' => 'form_encounter', 'uid' => 1, 'is_lock' => 1,
            'datetime' => '2026-12-01 20:00:00', 'hash' => '', 'signature_hash' => '',
        ]);
        $page = $this->page(locks: true);
        self::assertSame(422, $page->post($this->query(), $this->posted([$this->typed()]), true)->status);
        $posted = $this->posted([$this->typed()], 'save', 0, reason: 'forgotten');
        self::assertSame(303, $page->post($this->query(), $posted, true)->status);
        self::assertSame('forgotten', $this->store->history($this->found()->id)[0]->reason);
    }

    public function testWhatPeopleTypeIsNeverMarkup(): void
    {
        $evil = '"><script>alert(1)</script>';
        $this->database->change('UPDATE patient_data SET lname = ?', [$evil]);
        $this->database->change('UPDATE users SET lname = ?', [$evil]);
        $this->database->change('UPDATE codes SET code_text = ?', [$evil]);
        $this->save([$this->row(regionText: $evil, code: $evil, diagnosis: $evil)], note: $evil);
        $pages = [
            $this->page()->get($this->query()),
            $this->page(self::READ)->get($this->query()),
            $this->page()->get($this->query(print: '1')),
            $this->page()->post($this->query(), $this->posted([$this->typed(region: $evil, minutes: $evil)]), true),
            $this->page()->post($this->query(), $this->posted([], 'find', 0, look: '97'), true),
        ];
        foreach ($pages as $answer) {
            self::assertStringNotContainsString('<script>alert', $this->html($answer));
        }
    }

    public function testThePrintedLogSaysThatADraftIsNone(): void
    {
        $this->save([$this->row()]);
        self::assertStringContainsString('Draft, not signed', $this->html($this->page()->get($this->query(print: '1'))));
        $this->sign($this->found()->rows, 1);
        $html = $this->html($this->page()->get($this->query(print: '1')));
        self::assertStringContainsString('Signed by Thea Testtherapist', $html);
        self::assertStringNotContainsString('Draft', $html);
    }

    public function testOverlappingTimesAreSaidAndDoNotStopTheSignature(): void
    {
        $rows = [$this->typed(start: '10:00'), $this->typed(code: '97140', start: '10:45', minutes: '15')];
        self::assertSame(303, $this->page()->post($this->query(), $this->posted($rows, 'sign'), true)->status);
        $html = $this->html($this->page()->get($this->query()));
        self::assertStringContainsString('1 + 2', $html);
        self::assertStringContainsString('Total: 60 minutes', $html);
    }

    public function testCodesAreFoundByNumberAndByWords(): void
    {
        $found = $this->page()->get($this->query(find: 'technique', q: 'words for 9714'));
        self::assertSame([['code' => '97140', 'text' => 'words for 97140']], $found->data['found']);
        $found = $this->page()->get($this->query(find: 'diagnosis', q: 'M545'));
        self::assertSame([['code' => 'M54.50', 'text' => 'low back pain']], $found->data['found']);
        self::assertSame([], $this->page()->get($this->query(find: 'diagnosis', q: '%%'))->data['found']);
    }

    public function testThePatientsWishIsSavedWithoutAnyRow(): void
    {
        $posted = $this->posted([], 'save', 0, self_pay: '1');
        self::assertSame(303, $this->page()->post($this->query(), $posted, true)->status);
        self::assertTrue($this->found()->isSelfPay());
        self::assertSame([], $this->found()->rows);
    }

    public function testARowTickedIsTakenOut(): void
    {
        $first = $this->save([$this->row(), $this->row(code: '97140')]);
        $rows = [
            $this->typed(uuid: $first->rows[0]->uuid, remove: '1'),
            $this->typed(uuid: $first->rows[1]->uuid, code: '97140'),
        ];
        $this->page()->post($this->query(), $this->posted($rows, 'save', 1), true);
        self::assertSame(['97140'], array_map(static fn (Row $row): string => $row->code, $this->found()->standing()));
        self::assertCount(2, $this->found()->rows);
    }
}
