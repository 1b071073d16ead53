<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Fhir;

use OpenEMR\Modules\MassageBilling\Core\Database;

/** Writes the rows of a kept resource: itself, its earlier versions, and what it is found by. */
final class StoreRows
{
    public static function add(Database $database, Stored $stored, Index $index): void
    {
        $database->change(
            'INSERT INTO massage_billing_resource (id, type, version, last_updated, status, patient, encounter, json)'
            . ' VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
            [
                $stored->id, $stored->type, $stored->version, Index::moment($stored->lastUpdated), $index->status,
                $index->patient, $index->encounter, $stored->text,
            ]
        );
        self::index($database, $stored, $index);
    }

    public static function replace(Database $database, Stored $before, Stored $now, Index $index): void
    {
        $database->change(
            'INSERT INTO massage_billing_resource_history (id, version, last_updated, json) VALUES (?, ?, ?, ?)',
            [$before->id, $before->version, Index::moment($before->lastUpdated), $before->text]
        );
        $database->change(
            'UPDATE massage_billing_resource SET version = ?, last_updated = ?, status = ?, patient = ?, encounter = ?,'
            . ' json = ? WHERE id = ?',
            [
                $now->version, Index::moment($now->lastUpdated), $index->status, $index->patient, $index->encounter,
                $now->text, $now->id,
            ]
        );
        $database->change('DELETE FROM massage_billing_token WHERE resource = ?', [$now->id]);
        $database->change('DELETE FROM massage_billing_reference WHERE resource = ?', [$now->id]);
        self::index($database, $now, $index);
    }

    private static function index(Database $database, Stored $stored, Index $index): void
    {
        self::many($database, 'massage_billing_token (resource, type, name, `system`, value)', $stored, $index->tokens);
        self::many(
            $database,
            'massage_billing_reference (resource, type, name, target_type, target_id)',
            $stored,
            $index->references
        );
    }

    /** @param list<array{string, string, string}> $rows */
    private static function many(Database $database, string $into, Stored $stored, array $rows): void
    {
        foreach (array_chunk($rows, 500) as $some) {
            $marks = implode(', ', array_fill(0, count($some), '(?, ?, ?, ?, ?)'));
            $params = [];
            foreach ($some as $row) {
                array_push($params, $stored->id, $stored->type, ...$row);
            }
            $database->change("INSERT INTO $into VALUES $marks", $params);
        }
    }
}
