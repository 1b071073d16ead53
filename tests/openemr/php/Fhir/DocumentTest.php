<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Fhir;

use OpenEMR\Modules\MassageBilling\Fhir\Document;
use OpenEMR\Modules\MassageBilling\Fhir\Json;
use OpenEMR\Modules\MassageBilling\Fhir\JsonText;
use OpenEMR\Modules\MassageBilling\Fhir\Number;
use OpenEMR\Modules\MassageBilling\Fhir\Refused;
use PHPUnit\Framework\TestCase;

/** A resource is given back as it was written: every number as it is spelled, every character. */
final class DocumentTest extends TestCase
{
    private static function moment(): \DateTimeImmutable
    {
        return new \DateTimeImmutable('2026-12-01T18:00:00.250Z');
    }

    public function testNumbersKeepTheirSpelling(): void
    {
        $written = '{"resourceType":"Claim","total":{"value":12.50},"a":[0.10,-0.0,1e2,1E-07,100,0,-5,'
            . '12345678901234567890.12345678901234567890,1234567890123456789012]}';
        $text = Document::parse($written)->text('x', 1, self::moment());
        self::assertStringContainsString('"total":{"value":12.50}', $text);
        self::assertStringContainsString('"a":[0.10,-0.0,1e2,1E-07,100,0,-5,'
            . '12345678901234567890.12345678901234567890,1234567890123456789012]', $text);
    }

    public function testDecimalsAreReadAsTheyAreSpelled(): void
    {
        $json = Document::parse('{"resourceType":"Claim","a":12.50,"b":7,"c":"12.50"}')->json;
        self::assertSame(['12.50', 7, '12.50'], [$json['a'], $json['b'], $json['c']]);
    }

    public function testTheServerSetsIdAndVersionAndKeepsTheRestOfMeta(): void
    {
        $document = Document::parse('{ "meta" : {"lastUpdated":"1999-01-01T00:00:00Z", "versionId":"77", "tag":'
            . '[{"system":"s","code":"c"}] } , "id":"theirs", "resourceType":"Task", "status":"draft" }');
        self::assertSame('{"resourceType":"Task","id":"ours","meta":{"versionId":"3","lastUpdated":'
            . '"2026-12-01T18:00:00.250Z","tag":[{"system":"s","code":"c"}]},"status":"draft"}',
                $document->text('ours', 3, self::moment()));
        self::assertSame('3', $document->stored('ours', 3, self::moment())->json['meta']['versionId']);
        self::assertSame('ours', $document->stored('ours', 3, self::moment())->json['id']);
    }

    public function testWhateverIsWrittenComesBackTheSame(): void
    {
        mt_srand(20261201);
        for ($round = 0; $round < 400; $round++) {
            $members = [];
            for ($n = mt_rand(0, 5); $n >= 0; $n--) {
                $members["m$n" . self::word()] = self::value(4);
            }
            $inner = [];
            foreach ($members as $name => $value) {
                $inner[] = json_encode((string) $name, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE) . ':' . $value;
            }
            $compact = implode(',', $inner);
            $spaced = self::spaced("{\"resourceType\":\"Task\",$compact}");
            $text = Document::parse($spaced)->text('i', 1, self::moment());
            $start = '{"resourceType":"Task","id":"i","meta":{"versionId":"1","lastUpdated":"2026-12-01T18:00:00.250Z"},';
            self::assertSame("$start$compact}", $text);
            // Read and written again, it stays as it is.
            self::assertSame($text, Document::parse($text)->text('i', 1, self::moment()));
            self::assertTrue(Document::parse($text)->saysTheSame(Document::parse($spaced)));
        }
    }

    /** JSON without white space, as its writer may have spelled it. */
    private static function value(int $depth): string
    {
        $kinds = $depth > 0 ? 8 : 6;
        switch (mt_rand(0, $kinds)) {
            case 0:
                return ['true', 'false', 'null', '""', '{}', '[]'][mt_rand(0, 5)];
            case 1:
                return (string) mt_rand(-100, 100000);
            case 2:
                return mt_rand(0, 999) . '.' . str_pad((string) mt_rand(0, 9999), mt_rand(1, 6), '0', STR_PAD_LEFT)
                    . '0';
            case 3:
                return mt_rand(1, 9) . ['e', 'E', 'e+', 'E-'][mt_rand(0, 3)] . mt_rand(0, 300);
            case 4:
                return json_encode(self::word() . self::word());
            case 5:
                return '"' . substr(json_encode(self::word()), 1, -1) . ['\\"', '\\\\', '\\/', '\\n', '\\u00e9',
                    '\\ud83d\\ude00', '{', ']', ':', ',', '12.50'][mt_rand(0, 10)] . '"';
            case 6:
                return json_encode(self::word(), JSON_UNESCAPED_UNICODE);
            case 7:
                $parts = [];
                for ($n = mt_rand(1, 4); $n > 0; $n--) {
                    $parts[] = self::value($depth - 1);
                }
                return '[' . implode(',', $parts) . ']';
            default:
                $parts = [];
                for ($n = mt_rand(1, 4); $n > 0; $n--) {
                    $parts[] = json_encode("k$n" . self::word()) . ':' . self::value($depth - 1);
                }
                return '{' . implode(',', $parts) . '}';
        }
    }

    private static function word(): string
    {
        return ['', 'a', 'é', '按摩', '😀', '"', '\\', '/', "\t", '$1', '\\1', 'x y', "\u{2028}", '0'][mt_rand(0, 13)];
    }

    /** The same with white space between its tokens. */
    private static function spaced(string $json): string
    {
        return (string) preg_replace_callback(
            '/"(?:[^"\\\\]|\\\\.)*"|[{}\[\],:]/s',
            static fn(array $found): string => [' ', "\n\t", '', "\r\n"][mt_rand(0, 3)] . $found[0]
                . ['', ' ', "\n"][mt_rand(0, 2)],
            $json
        );
    }

    /** @return iterable<string, array{string, int}> */
    public static function broken(): iterable
    {
        yield 'nothing' => ['', 400];
        yield 'half' => ['{"resourceType":"Claim",', 400];
        yield 'a list' => ['[{"resourceType":"Claim"}]', 400];
        yield 'a word' => ['true', 400];
        yield 'no type' => ['{"status":"active"}', 400];
        yield 'a type that is none' => ['{"resourceType":["Claim"]}', 400];
        yield 'a type to break out with' => ['{"resourceType":"Claim\\",\\"x"}', 400];
        yield 'an id that is a number' => ['{"resourceType":"Claim","id":7}', 400];
        yield 'meta that is no object' => ['{"resourceType":"Claim","meta":[1]}', 400];
        yield 'a member twice' => ['{"resourceType":"Claim","status":"active","status":"draft"}', 400];
        yield 'a member twice, once escaped' => ['{"resourceType":"Claim","a":{"status":1,"st\\u0061tus":2}}', 400];
        yield 'another encoding' => ["{\"resourceType\":\"Claim\",\"a\":\"\xE9\"}", 400];
        yield 'half a character' => ['{"resourceType":"Claim","a":"\\ud83d"}', 400];
        yield 'a byte order mark' => ["\u{FEFF}{\"resourceType\":\"Claim\"}", 400];
        yield 'a number that is none' => ['{"resourceType":"Claim","a":01.50}', 400];
        yield 'nested too deep' => ['{"resourceType":"Claim","a":' . str_repeat('[', 70) . str_repeat(']', 70) . '}',
            400];
        yield 'nested very deep' => ['{"resourceType":"Claim","a":' . str_repeat('{"a":', 200000), 400];
    }

    /** @dataProvider broken */
    public function testWhatIsNoResourceIsRefused(string $body, int $status): void
    {
        try {
            Document::parse($body);
            self::fail('It has to be refused.');
        } catch (Refused $refused) {
            self::assertSame($status, $refused->status);
        }
    }

    public function testALongTextIsNoTrouble(): void
    {
        $long = str_repeat('a\\n', 400000);
        $text = Document::parse("{\"resourceType\":\"Claim\",\"a\":\"$long\",\"b\":1.0}")->text('x', 1, self::moment());
        self::assertStringEndsWith("\"a\":\"$long\",\"b\":1.0}", $text);
        $many = implode(',', array_map(static fn(int $n): string => "\"k$n\":1.50", range(1, 20000)));
        self::assertStringContainsString($many, Document::parse("{\"resourceType\":\"Claim\",$many}")->text('x', 1,
            self::moment()));
    }

    public function testOrderOfMembersSaysNothingAndSpellingOfNumbersDoes(): void
    {
        $one = Document::parse('{"resourceType":"Claim","a":{"b":1.5},"c":2,"meta":{"tag":[]}}');
        $same = Document::parse('{"c":2,"meta":{"versionId":"4","tag":[]},"id":"x","resourceType":"Claim","a":{"b":1.5}}');
        self::assertTrue($one->saysTheSame($same));
        self::assertFalse($one->saysTheSame(Document::parse('{"resourceType":"Claim","a":{"b":1.50},"c":2,"meta":{"tag":[]}}')));
        self::assertFalse($one->saysTheSame(Document::parse('{"resourceType":"Claim","a":{"b":1.5},"c":2}')));
    }

    public function testOurOwnAmountsAreSpelledAsGiven(): void
    {
        self::assertSame('{"value":12.50,"text":"12.50"}', Json::encode(['value' => new Number('12.50'),
            'text' => '12.50']));
        self::assertSame('12.50', JsonText::parse(Json::encode(['value' => new Number('12.50')]))->json['value']);
        $this->expectException(\InvalidArgumentException::class);
        new Number('1,5');
    }
}
