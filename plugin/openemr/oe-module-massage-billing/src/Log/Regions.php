<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Log;

/** The body regions that are offered: body-regions.json beside this file, words with their SNOMED CT codes. */
final class Regions
{
    /** @var array<string, string>|null words => SNOMED CT code, "" where there is none */
    private ?array $codes = null;

    /**
     * The words to choose from, the usual ones first.
     *
     * @return list<string>
     */
    public function words(): array
    {
        return array_keys($this->codes());
    }

    /** SNOMED CT code of a region as it was written; "" where there is none. */
    public function code(string $words): string
    {
        return $this->codes()[self::normal($words)] ?? '';
    }

    /**
     * The regions of a row with their codes: "neck, low back" is two.
     *
     * @return list<array{text: string, code: string}>
     */
    public function each(string $written): array
    {
        $found = [];
        foreach (preg_split('/[,;]/', $written) ?: [] as $part) {
            $text = trim($part);
            if ($text !== '') {
                $found[] = ['text' => $text, 'code' => $this->code($text)];
            }
        }
        return $found;
    }

    private static function normal(string $words): string
    {
        return implode(' ', preg_split('/\s+/', mb_strtolower(trim($words))) ?: []);
    }

    /** @return array<string, string> */
    private function codes(): array
    {
        if ($this->codes === null) {
            $file = (string) file_get_contents(__DIR__ . '/body-regions.json');
            $this->codes = [];
            foreach (json_decode($file, true, 8, JSON_THROW_ON_ERROR)['regions'] as $region) {
                $this->codes[$region['text']] = $region['snomed'] ?? '';
            }
        }
        return $this->codes;
    }
}
