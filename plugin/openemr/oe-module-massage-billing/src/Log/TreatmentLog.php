<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Log;

/** What was done in one visit, as its therapists recorded it: one log a visit. */
final class TreatmentLog
{
    /** Being written. */
    public const DRAFT = 'draft';
    /** Signed; from then on changed by amendment only. */
    public const SIGNED = 'signed';

    /** The patient pays and the plan is not told (45 CFR 164.522(a)(1)(vi)). */
    public const SELF_PAY = 'self-pay';
    /** The patient once asked so and took it back. */
    public const PLAN = 'plan';

    /**
     * @param int $id 0 while nothing was saved
     * @param int $version number of the saved version; 0 while nothing was saved
     * @param string $billTo '' (nothing was asked), SELF_PAY or PLAN
     * @param list<Row> $rows in their order, those taken out too
     * @param int|null $signedBy users.id of who signed last
     * @param \DateTimeImmutable|null $signedAt UTC
     * @param \DateTimeImmutable|null $updatedAt UTC
     */
    public function __construct(
        public readonly int $id,
        public readonly int $pid,
        public readonly int $encounter,
        public readonly int $version,
        public readonly string $status,
        public readonly string $billTo,
        public readonly string $note,
        public readonly array $rows,
        public readonly ?int $signedBy = null,
        public readonly ?\DateTimeImmutable $signedAt = null,
        public readonly ?\DateTimeImmutable $updatedAt = null,
    ) {
    }

    /** The log of a visit in which nothing was written yet. */
    public static function blank(Visit $visit): self
    {
        return new self(0, $visit->pid, $visit->encounter, 0, self::DRAFT, '', '', []);
    }

    public function isSigned(): bool
    {
        return $this->status === self::SIGNED;
    }

    public function isSelfPay(): bool
    {
        return $this->billTo === self::SELF_PAY;
    }

    /**
     * The rows that count.
     *
     * @return list<Row>
     */
    public function standing(): array
    {
        return array_values(array_filter($this->rows, static fn (Row $row): bool => $row->stands()));
    }
}
