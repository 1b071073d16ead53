<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Install;

use OpenEMR\Modules\MassageBilling\Core\Database;
use OpenEMR\Modules\MassageBilling\Core\OpenEmrDatabase;

/**
 * Whether this OpenEMR is one that the module can work with, found out before it is enabled.
 *
 * What is needed of core is data: core-interface.json, every class, method, constant, function, table and column that
 * the module uses. A release that lacks one is refused with a sentence, instead of a site that breaks.
 */
final class SelfCheck
{
    private const SHOWN = 6;

    /** @param array<string, mixed> $needed core-interface.json */
    public function __construct(private readonly Database $database, private readonly array $needed)
    {
    }

    public static function ofCore(): self
    {
        return new self(new OpenEmrDatabase(), self::read());
    }

    /** @return array<string, mixed> */
    public static function read(): array
    {
        $json = (string) file_get_contents(__DIR__ . '/core-interface.json');
        return json_decode($json, true, 16, JSON_THROW_ON_ERROR);
    }

    /** The module's version. Read as text: core includes the file once a request, and has to be the first. */
    public function version(): string
    {
        $text = (string) file_get_contents(dirname(__DIR__, 2) . '/version.php');
        preg_match_all('/\$v_(?:major|minor|patch) = \'(\d+)\'/', $text, $found);
        return implode('.', $found[1]);
    }

    /** Release of this OpenEMR, "8.2.0-dev". */
    public function host(): string
    {
        $row = $this->database->row('SELECT v_major, v_minor, v_patch, v_tag FROM version LIMIT 1');
        return $row === null ? '' : "$row[v_major].$row[v_minor].$row[v_patch]$row[v_tag]";
    }

    /** Whether the module was run on this release of OpenEMR. */
    public function tried(): bool
    {
        return in_array($this->host(), $this->needed['tried'], true);
    }

    /** Why the module cannot work here, one sentence, English; null where it can. */
    public function refusal(): ?string
    {
        $problems = $this->problems();
        if ($problems === []) {
            return null;
        }
        $shown = implode('; ', array_slice($problems, 0, self::SHOWN));
        $more = count($problems) - self::SHOWN;
        return "Massage billing cannot work with this OpenEMR ({$this->host()}), and nothing was changed. "
            . "Missing: $shown" . ($more > 0 ? "; and $more more." : '.');
    }

    /** @return list<string> everything that is missing */
    public function problems(): array
    {
        return [...$this->php(), ...$this->classes(), ...$this->functions(), ...$this->columns()];
    }

    /** @return list<string> */
    private function php(): array
    {
        $problems = [];
        if (version_compare(PHP_VERSION, $this->needed['php'], '<')) {
            $problems[] = "PHP {$this->needed['php']} (here " . PHP_VERSION . ')';
        }
        foreach ($this->needed['extensions'] as $extension) {
            if (!extension_loaded($extension)) {
                $problems[] = "PHP extension $extension";
            }
        }
        return $problems;
    }

    /** @return list<string> */
    private function classes(): array
    {
        $problems = [];
        foreach ($this->needed['classes'] as $name => $used) {
            try {
                if (!class_exists($name) && !interface_exists($name)) {
                    $problems[] = $name;
                    continue;
                }
                $problems = [...$problems, ...self::members(new \ReflectionClass($name), $used)];
            } catch (\Throwable) {
                $problems[] = $name;
            }
        }
        return $problems;
    }

    /**
     * @param \ReflectionClass<object> $class
     * @param array{methods?: array<string, int>, constants?: array<string, mixed>} $used
     * @return list<string>
     */
    private static function members(\ReflectionClass $class, array $used): array
    {
        $problems = [];
        foreach ($used['methods'] ?? [] as $method => $arguments) {
            $found = $class->hasMethod($method) ? $class->getMethod($method) : null;
            $takes = $found !== null && ($found->isVariadic() || $arguments <= $found->getNumberOfParameters());
            if ($found === null || !$takes || $arguments < $found->getNumberOfRequiredParameters()) {
                $problems[] = "{$class->getName()}::$method with $arguments arguments";
            }
        }
        foreach ($used['constants'] ?? [] as $constant => $value) {
            if (!$class->hasConstant($constant) || $class->getConstant($constant) !== $value) {
                $problems[] = "{$class->getName()}::$constant";
            }
        }
        return $problems;
    }

    /** @return list<string> */
    private function functions(): array
    {
        $missing = array_filter($this->needed['functions'], static fn(string $name): bool => !function_exists($name));
        return array_values(array_map(static fn(string $name): string => "$name()", $missing));
    }

    /** @return list<string> */
    private function columns(): array
    {
        $tables = array_keys($this->needed['tables']);
        $marks = implode(', ', array_fill(0, count($tables), '?'));
        $rows = $this->database->rows(
            "SELECT TABLE_NAME AS t, COLUMN_NAME AS c FROM information_schema.COLUMNS
             WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME IN ($marks)",
            $tables
        );
        $there = [];
        foreach ($rows as $row) {
            $there[strtolower((string) $row['t'])][strtolower((string) $row['c'])] = true;
        }
        $problems = [];
        foreach ($this->needed['tables'] as $table => $columns) {
            if (!isset($there[$table])) {
                $problems[] = "table $table";
                continue;
            }
            foreach ($columns as $column) {
                if (!isset($there[$table][strtolower($column)])) {
                    $problems[] = "column $table.$column";
                }
            }
        }
        return $problems;
    }
}
