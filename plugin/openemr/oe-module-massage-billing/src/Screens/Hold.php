<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Screens;

/** Why a visit cannot be billed yet: a Task with code billing-hold, as the Python side wrote it. */
final class Hold
{
    private const CLOSED = ['completed', 'cancelled', 'rejected', 'failed', 'entered-in-error'];

    /**
     * @param bool $open whether there is still something to settle
     * @param list<array{code: string, text: string}> $reasons rule, and what was found with what to do
     * @param string $who who acts
     * @param string $fileBy last day on which the claim can be filed
     * @param string $closed how it was closed: "settled", "written off: <reason>", "marked as done"; "" while open
     */
    public function __construct(
        public readonly string $id,
        public readonly string $encounter,
        public readonly bool $open,
        public readonly string $description,
        public readonly array $reasons,
        public readonly string $who,
        public readonly string $fileBy,
        public readonly string $closed
    ) {
    }

    /**
     * The hold that a Task holds; null where it is another Task.
     *
     * @param array<string, mixed> $task
     */
    public static function read(array $task): ?self
    {
        $hold = Json::coded($task['code'] ?? null, Names::TASK_CODE, Names::BILLING_HOLD);
        $status = Json::text($task, 'status');
        if (!$hold || $status === 'entered-in-error') {
            return null;
        }
        $reasons = array_map(static fn(array $input): array => [
            'code' => Json::text($input, 'type', 'coding', 0, 'code'),
            'text' => Uuid::shortened(Json::text($input, 'valueString')),
        ], Json::objects($task, 'input'));
        return new self(
            Json::text($task, 'id'),
            Json::id($task['focus'] ?? null, 'Encounter'),
            !in_array($status, self::CLOSED, true),
            Json::text($task, 'description'),
            $reasons,
            Json::text($task, 'owner', 'display'),
            Json::text($task, 'restriction', 'period', 'end'),
            self::closing($task, $status)
        );
    }

    /** Whether a person decided that it stays unbilled. */
    public function writtenOff(): bool
    {
        return str_starts_with($this->closed, 'written off');
    }

    /** @param array<string, mixed> $task */
    private static function closing(array $task, string $status): string
    {
        if ($status === 'completed') {
            $settled = Json::text($task, 'businessStatus', 'text') === 'settled';
            return $settled ? 'settled' : 'marked as done by a person';
        }
        if ($status === 'cancelled') {
            $why = Json::text($task, 'statusReason', 'text');
            return 'written off' . ($why === '' ? '' : ": $why");
        }
        return in_array($status, self::CLOSED, true) ? $status : '';
    }
}
