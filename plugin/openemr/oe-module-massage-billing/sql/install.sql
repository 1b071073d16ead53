-- Tables of the module. Directives (#IfNotTable) are core's; run again, they change nothing.
-- Times are UTC, written by the module.

#IfNotTable massage_billing_resource
CREATE TABLE `massage_billing_resource` (
  `id` char(36) NOT NULL,
  `type` varchar(40) NOT NULL,
  `version` int NOT NULL,
  `last_updated` datetime(3) NOT NULL,
  `status` varchar(40) NOT NULL DEFAULT '',
  `patient` char(36) DEFAULT NULL,
  `encounter` char(36) DEFAULT NULL,
  `json` longtext NOT NULL,
  PRIMARY KEY (`id`),
  KEY `by_type` (`type`, `id`),
  KEY `by_update` (`type`, `last_updated`, `id`),
  KEY `by_patient` (`type`, `patient`, `last_updated`, `id`),
  KEY `by_encounter` (`type`, `encounter`, `last_updated`, `id`),
  KEY `by_status` (`type`, `status`, `last_updated`, `id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='FHIR resources the module keeps, as they were written';
#EndIf

#IfNotTable massage_billing_resource_history
CREATE TABLE `massage_billing_resource_history` (
  `id` char(36) NOT NULL,
  `version` int NOT NULL,
  `last_updated` datetime(3) NOT NULL,
  `json` longtext NOT NULL,
  PRIMARY KEY (`id`, `version`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='Their earlier versions';
#EndIf

#IfNotTable massage_billing_token
CREATE TABLE `massage_billing_token` (
  `resource` char(36) NOT NULL,
  `type` varchar(40) NOT NULL,
  `name` varchar(20) NOT NULL,
  `system` varchar(255) NOT NULL DEFAULT '',
  `value` varchar(255) NOT NULL,
  KEY `by_value` (`type`, `name`, `value`(120), `system`(120)),
  KEY `by_resource` (`resource`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='Identifiers, tags and codes by which they are searched';
#EndIf

#IfNotTable massage_billing_reference
CREATE TABLE `massage_billing_reference` (
  `resource` char(36) NOT NULL,
  `type` varchar(40) NOT NULL,
  `name` varchar(40) NOT NULL,
  `target_type` varchar(40) NOT NULL,
  `target_id` varchar(64) NOT NULL,
  KEY `by_target` (`type`, `name`, `target_id`),
  KEY `by_resource` (`resource`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='What they point at, by search parameter';
#EndIf

#IfNotTable massage_billing_create_key
CREATE TABLE `massage_billing_create_key` (
  `type` varchar(40) NOT NULL,
  `hash` binary(32) NOT NULL,
  `resource` char(36) DEFAULT NULL,
  PRIMARY KEY (`type`, `hash`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='Two equal conditional creates wait for each other here';
#EndIf

#IfNotTable massage_billing_log
CREATE TABLE `massage_billing_log` (
  `id` int NOT NULL AUTO_INCREMENT,
  `pid` bigint NOT NULL,
  `encounter` bigint NOT NULL,
  `version` int NOT NULL DEFAULT 1,
  `status` varchar(16) NOT NULL DEFAULT 'draft',
  `bill_to` varchar(16) NOT NULL DEFAULT '',
  `note` text,
  `created_by` int NOT NULL,
  `created_at` datetime(3) NOT NULL,
  `signed_by` int DEFAULT NULL,
  `signed_at` datetime(3) DEFAULT NULL,
  `updated_at` datetime(3) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `one_a_visit` (`encounter`, `pid`),
  KEY `by_patient` (`pid`, `updated_at`),
  KEY `by_update` (`updated_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT='Treatment logs, one a visit';
#EndIf

#IfNotTable massage_billing_log_row
CREATE TABLE `massage_billing_log_row` (
  `id` int NOT NULL AUTO_INCREMENT,
  `uuid` char(36) NOT NULL,
  `log` int NOT NULL,
  `seq` int NOT NULL,
  `pid` bigint NOT NULL,
  `encounter` bigint NOT NULL,
  `code_type` varchar(15) NOT NULL DEFAULT '',
  `code` varchar(20) NOT NULL DEFAULT '',
  `modifiers` varchar(40) NOT NULL DEFAULT '',
  `region` varchar(40) NOT NULL DEFAULT '',
  `region_text` varchar(120) NOT NULL DEFAULT '',
  `start_at` datetime DEFAULT NULL,
  `end_at` datetime DEFAULT NULL,
  `minutes` int DEFAULT NULL,
  `diagnosis` varchar(20) NOT NULL DEFAULT '',
  `therapist` int DEFAULT NULL,
  `status` varchar(20) NOT NULL DEFAULT 'in-progress',
  `version` int NOT NULL DEFAULT 1,
  `performed_on` date NOT NULL,
  `updated_at` datetime(3) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `uuid` (`uuid`),
  KEY `by_log` (`log`, `seq`),
  KEY `by_patient` (`pid`, `performed_on`),
  KEY `by_encounter` (`encounter`),
  KEY `by_day` (`performed_on`, `id`),
  KEY `by_update` (`updated_at`, `id`),
  KEY `by_code` (`code`, `updated_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT='Rows of treatment logs: one technique each, one FHIR Procedure each';
#EndIf

#IfNotTable massage_billing_log_history
CREATE TABLE `massage_billing_log_history` (
  `log` int NOT NULL,
  `version` int NOT NULL,
  `saved_at` datetime(3) NOT NULL,
  `saved_by` int NOT NULL,
  `action` varchar(16) NOT NULL,
  `reason` varchar(255) NOT NULL DEFAULT '',
  `json` longtext NOT NULL,
  PRIMARY KEY (`log`, `version`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT='Every version of a treatment log, as it was saved, signed or amended';
#EndIf

#IfNotTable massage_billing_posting
CREATE TABLE `massage_billing_posting` (
  `claim` char(36) NOT NULL,
  `pid` bigint NOT NULL,
  `encounter` bigint NOT NULL,
  `state` varchar(16) NOT NULL,
  `detail` varchar(255) NOT NULL DEFAULT '',
  `updated_at` datetime(3) NOT NULL,
  PRIMARY KEY (`claim`),
  KEY `by_visit` (`encounter`, `pid`),
  KEY `by_state` (`state`, `updated_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='What became of a Claim on the fee sheet';
#EndIf

#IfNotTable massage_billing_billing_row
CREATE TABLE `massage_billing_billing_row` (
  `claim` char(36) NOT NULL,
  `kind` varchar(8) NOT NULL,
  `row_id` bigint NOT NULL,
  `pid` bigint NOT NULL,
  `encounter` bigint NOT NULL,
  `digest` char(64) NOT NULL DEFAULT '',
  `active` tinyint NOT NULL DEFAULT 1,
  PRIMARY KEY (`claim`, `kind`, `row_id`),
  KEY `by_row` (`kind`, `row_id`),
  KEY `by_visit` (`encounter`, `pid`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='Rows of billing that the module wrote, as it wrote them';
#EndIf

#IfNotTable massage_billing_setting
CREATE TABLE `massage_billing_setting` (
  `name` varchar(60) NOT NULL,
  `value` text NOT NULL,
  PRIMARY KEY (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT='Settings of the module; secrets are sealed';
#EndIf
