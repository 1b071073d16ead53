<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Billing;

use OpenEMR\Modules\MassageBilling\Tests\Support\TestDatabase;

/**
 * Core's tables that shared/openemr/columns.json lacks, with core's columns and keys (sql/database.sql of 8.2), and the
 * rows of code_types that billing asks for.
 */
final class BillingTables
{
    private const TABLES = [
        'ar_session' => 'session_id int unsigned NOT NULL AUTO_INCREMENT, payer_id int NOT NULL, user_id int NOT NULL,'
            . " closed tinyint(1) NOT NULL DEFAULT 0, reference varchar(255) NOT NULL DEFAULT '', check_date date,"
            . ' deposit_date date, pay_total decimal(12,2) NOT NULL DEFAULT 0,'
            . ' created_time timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, modified_time datetime NOT NULL,'
            . ' global_amount decimal(12,2) NOT NULL, payment_type varchar(50) NOT NULL, description text,'
            . ' adjustment_code varchar(50) NOT NULL, post_to_date date NOT NULL, patient_id bigint NOT NULL,'
            . ' payment_method varchar(25) NOT NULL, PRIMARY KEY (session_id)',
        'ar_activity' => 'pid int NOT NULL, encounter int NOT NULL, sequence_no int unsigned NOT NULL,'
            . " code_type varchar(12) NOT NULL DEFAULT '', code varchar(20) NOT NULL,"
            . " modifier varchar(12) NOT NULL DEFAULT '', payer_type int NOT NULL, post_time datetime NOT NULL,"
            . " post_user int NOT NULL, session_id int unsigned NOT NULL, memo varchar(255) NOT NULL DEFAULT '',"
            . ' pay_amount decimal(12,2) NOT NULL DEFAULT 0, adj_amount decimal(12,2) NOT NULL DEFAULT 0,'
            . ' modified_time datetime NOT NULL, follow_up char(1) NOT NULL, follow_up_note text,'
            . ' account_code varchar(15) NOT NULL, reason_code varchar(255), deleted datetime, post_date date,'
            . ' payer_claim_number varchar(30), PRIMARY KEY (pid, encounter, sequence_no), KEY session_id (session_id)',
        'form_misc_billing_options' => 'id bigint NOT NULL AUTO_INCREMENT, date datetime, pid bigint, user varchar(255),'
            . ' groupname varchar(255), authorized tinyint, activity tinyint, employment_related tinyint(1),'
            . ' auto_accident tinyint(1), accident_state varchar(2), other_accident tinyint(1),'
            . ' medicaid_referral_code varchar(2), epsdt_flag tinyint(1), provider_qualifier_code varchar(2),'
            . ' provider_id int, outside_lab tinyint(1), lab_amount decimal(5,2), is_unable_to_work tinyint(1),'
            . ' onset_date date, date_initial_treatment date, off_work_from date, off_work_to date,'
            . ' is_hospitalized tinyint(1), hospitalization_date_from date, hospitalization_date_to date,'
            . ' medicaid_resubmission_code varchar(10), medicaid_original_reference varchar(15),'
            . ' prior_auth_number varchar(20), comments varchar(255), replacement_claim tinyint(1) DEFAULT 0,'
            . ' icn_resubmission_number varchar(35), box_14_date_qual char(3), box_15_date_qual char(3),'
            . ' encounter bigint, PRIMARY KEY (id), UNIQUE KEY encounter (encounter)',
        'icd10_dx_order_code' => 'dx_id serial, dx_code varchar(7), formatted_dx_code varchar(10), valid_for_coding char,'
            . ' short_desc varchar(60), long_desc text, active tinyint DEFAULT 0, revision int DEFAULT 0,'
            . ' KEY formatted_dx_code (formatted_dx_code)',
    ];

    public static function create(): void
    {
        foreach (self::TABLES as $name => $columns) {
            TestDatabase::pdo()->exec("CREATE TABLE IF NOT EXISTS `$name` ($columns) ENGINE=InnoDB");
        }
    }

    public static function fill(): void
    {
        TestDatabase::pdo()->exec(
            'INSERT INTO code_types (ct_key, ct_id, ct_fee, ct_diag, ct_active, ct_claim, ct_proc) VALUES '
            . "('CPT4', 1, 1, 0, 1, 1, 1), ('HCPCS', 3, 1, 0, 1, 1, 1), ('ICD10', 102, 0, 1, 1, 1, 0), "
            . "('CVX', 100, 0, 0, 1, 0, 0)"
        );
        TestDatabase::pdo()->exec(
            "INSERT INTO codes (code_type, code, code_text, active) VALUES (1, '97124', 'House text 97124', 1)"
        );
        TestDatabase::pdo()->exec(
            'INSERT INTO icd10_dx_order_code (dx_code, formatted_dx_code, long_desc, active) '
            . "VALUES ('M5450', 'M54.50', 'Low back pain, unspecified', 1)"
        );
    }
}
