<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Fhir;

use OpenEMR\Modules\MassageBilling\Boundary;
use OpenEMR\Modules\MassageBilling\Core\Access;
use OpenEMR\Modules\MassageBilling\Core\Audit;
use OpenEMR\Modules\MassageBilling\Core\Clock;

/**
 * Answers FHIR requests for the kept and the computed types (FHIR R4, http.html).
 *
 * Core has checked the token's scope before. What is checked here: a token of one patient sees only that patient's
 * resources and writes nothing; a user, and the user under which core runs system tokens, needs the right of the type.
 */
final class Rest
{
    /** The right that kept types need: billing, as core's accounting asks for it. */
    public const ACL = ['acct', 'bill'];

    /** @param array<string, Source> $computed by type */
    public function __construct(
        private readonly ResourceStore $store,
        private readonly array $computed,
        private readonly Base $base,
        private readonly Clock $clock,
        private readonly Access $access,
        private readonly Audit $audit
    ) {
    }

    /**
     * Answer one request; never throws.
     *
     * @param string $interaction "search", "read", "vread", "create" or "update"
     * @param callable(): Call $call the request, read where a fault of it can be answered
     */
    public function answer(string $interaction, callable $call): Answer
    {
        try {
            return $this->{$interaction}($call());
        } catch (Refused $refused) {
            return Outcome::of($refused);
        } catch (\Throwable $fault) {
            Boundary::log("FHIR $interaction", $fault);
            return Outcome::fault();
        }
    }

    private function search(Call $call): Answer
    {
        $this->permit($call, '');
        Media::accepts($call);
        $pairs = Bundle::unpacked($call->pairs);
        $source = $this->computed[$call->type] ?? null;
        $now = $this->clock->now();
        $known = $source?->parameters() ?? Types::parameters($call->type);
        $url = $this->base->url();
        $query = QueryParser::parse($call->type, $pairs, $known, $url, $now, $ignored);
        if ($call->prefers('handling') !== 'lenient') {
            QueryParser::refuse($call->type, $ignored);
        }
        $patient = $call->caller->patient;
        $query = $patient === null ? $query : $query->of($patient);
        $page = $source === null ? $this->store->search($query) : $this->ofPatient($source->search($query), $patient);
        $kept = array_values(array_filter(
            $pairs,
            static fn(array $pair): bool => $pair[0] !== '_cursor' && !in_array($pair[0], $ignored, true)
        ));
        return new Answer(200, Bundle::text($url, $call->type, $page, $kept, $query->cursor ?? '', $now, $ignored));
    }

    private function read(Call $call): Answer
    {
        $this->permit($call, '');
        Media::accepts($call);
        $id = Reference::id((string) $call->id);
        $source = $this->computed[$call->type] ?? null;
        if ($source !== null) {
            return $this->computed($source, $call, $id);
        }
        $stored = $this->visible($call, $id) ? $this->store->read($call->type, $id) : null;
        if ($stored === null) {
            throw self::notThere($call->type, $id);
        }
        if ($call->version('if-none-match') === $stored->version) {
            return new Answer(304, '', self::headers($stored));
        }
        return new Answer(200, $stored->text, self::headers($stored));
    }

    private function vread(Call $call): Answer
    {
        $this->permit($call, '');
        $id = Reference::id((string) $call->id);
        $version = preg_match('/^[1-9][0-9]{0,8}$/D', (string) $call->version) === 1 ? (int) $call->version : 0;
        $stored = $version > 0 && $this->visible($call, $id) ? $this->store->read($call->type, $id, $version) : null;
        if ($stored === null) {
            throw self::notThere($call->type, $id);
        }
        return new Answer(200, $stored->text, self::headers($stored));
    }

    private function create(Call $call): Answer
    {
        $this->permit($call, 'write');
        $document = Media::document($call);
        $condition = $call->header('if-none-exist');
        $created = Patience::with(fn(): Created => $this->store->create($call->type, $document, $condition));
        if ($created->new) {
            $this->note($created->stored, 'was created');
        }
        return $this->written($call, $created->stored, $created->new ? 201 : 200);
    }

    private function update(Call $call): Answer
    {
        $this->permit($call, 'write');
        $document = Media::document($call);
        $id = Reference::id((string) $call->id);
        $match = $call->version('if-match');
        $stored = Patience::with(fn(): Stored => $this->store->update($call->type, $id, $document, $match));
        $this->note($stored, "is in version $stored->version");
        return $this->written($call, $stored, 200);
    }

    /** Refused where the caller may not do this with this type. */
    private function permit(Call $call, string $right): void
    {
        $caller = $call->caller;
        if ($caller->patient !== null && $right !== '') {
            throw new Refused(403, 'forbidden', 'A token of a patient may not write here.');
        }
        if ($caller->role === 'patient') {
            return;
        }
        [$section, $value] = ($this->computed[$call->type] ?? null)?->acl() ?? self::ACL;
        if (!$this->access->may($section, $value, $right)) {
            throw new Refused(403, 'forbidden', "The user has no right to this: $section/$value.");
        }
    }

    /** Whether a kept resource is one that the caller may know of. */
    private function visible(Call $call, string $id): bool
    {
        $patient = $call->caller->patient;
        return $patient === null || $this->store->patientOf($call->type, $id) === $patient;
    }

    private function computed(Source $source, Call $call, string $id): Answer
    {
        $found = $source->read($id);
        $patient = $call->caller->patient;
        if ($found === null || ($patient !== null && self::patientIn($found) !== $patient)) {
            throw self::notThere($call->type, $id);
        }
        return new Answer(200, Json::encode($found));
    }

    /** A computed page without what is not the patient's; a source leaves it out itself, and this makes sure. */
    private function ofPatient(Page $page, ?string $patient): Page
    {
        return $patient === null ? $page : new Page(
            array_values(array_filter(
                $page->arrays(),
                static fn(array $one): bool => self::patientIn($one) === $patient
            )),
            $page->next
        );
    }

    /** @param array<string, mixed> $resource */
    private static function patientIn(array $resource): ?string
    {
        $literal = $resource['patient']['reference'] ?? $resource['subject']['reference'] ?? '';
        $named = is_string($literal) ? Reference::parse($literal, '') : null;
        return $named?->type === 'Patient' ? $named->id : null;
    }

    private function written(Call $call, Stored $stored, int $status): Answer
    {
        $place = "{$this->base->url()}/$stored->type/$stored->id/_history/$stored->version";
        $headers = ['Location' => $place] + self::headers($stored);
        return new Answer($status, match ($call->prefers('return')) {
            'minimal' => '',
            'OperationOutcome' => Outcome::text([Outcome::issue('information', 'informational', 'It is kept.')]),
            default => $stored->text,
        }, $headers);
    }

    private function note(Stored $stored, string $what): void
    {
        $this->audit->note('massage-billing-fhir', "{$stored->reference()} $what", $this->store->pidOf($stored));
    }

    /** @return array<string, string> */
    private static function headers(Stored $stored): array
    {
        $at = $stored->lastUpdated->setTimezone(new \DateTimeZone('GMT'));
        return ['ETag' => "W/\"$stored->version\"", 'Last-Modified' => $at->format('D, d M Y H:i:s \G\M\T')];
    }

    private static function notThere(string $type, string $id): Refused
    {
        return new Refused(404, 'not-found', "There is no $type/$id.");
    }
}
