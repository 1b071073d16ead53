<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Billing;

/** One thing in a visit that a person has to settle before the Claim's rows can be written. It names rows by id. */
final class Conflict
{
    private const FORM = 'Misc Billing Options form';

    public function __construct(public readonly string $code, public readonly string $text)
    {
    }

    /** A row that somebody typed. @param array<string, mixed> $row of billing */
    public static function typed(array $row): self
    {
        return new self('typed-row', self::name($row) . ' was entered by hand. Delete it, then post again.');
    }

    /** A row of another Claim of the module's. @param array<string, mixed> $row of billing */
    public static function ofClaim(array $row, string $claim): self
    {
        return new self('other-claim', self::name($row) . " belongs to Claim/$claim. Cancel that, or this.");
    }

    /** A row of ours that somebody changed. @param array<string, mixed> $row of billing */
    public static function changed(array $row): self
    {
        $mend = 'was changed by hand. Change it back or delete it, then post again.';
        return new self('changed-row', self::name($row) . " $mend");
    }

    /** A row of ours that somebody deleted. */
    public static function deleted(int $id): self
    {
        return new self('deleted-row', "billing $id was deleted by hand. Post again to write it anew.");
    }

    /** A changed row of ours that stays although its claim is gone. @param array<string, mixed> $row of billing */
    public static function left(array $row): self
    {
        return new self('left-row', self::name($row) . ' was changed by hand, and its claim was withdrawn. Delete it.');
    }

    /** A form that says something else. */
    public static function form(int $id, string $column): self
    {
        $name = self::FORM . " $id";
        return new self('misc-form', "$name: $column is not what the claim says. Settle it there, then post again.");
    }

    /** A form of ours that somebody deleted. */
    public static function formDeleted(int $id): self
    {
        return new self('deleted-form', self::FORM . " $id was deleted by hand. Post again to write it anew.");
    }

    /** What the visit's own record would make of the 837P. */
    public static function record(string $code, string $text): self
    {
        return new self($code, $text);
    }

    /** @param array<string, mixed> $row */
    private static function name(array $row): string
    {
        return "billing {$row['id']} ({$row['code_type']} {$row['code']})";
    }
}
