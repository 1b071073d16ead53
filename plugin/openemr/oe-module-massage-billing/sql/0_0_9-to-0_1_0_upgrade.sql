-- From 0.0.9, which was tried and never published: settings, and versions of the rows of a log. Every block looks first
-- whether it is needed; run again, or after an installation of 0.1.0, the file changes nothing.

#IfMissingColumn massage_billing_log_row version
ALTER TABLE `massage_billing_log_row` ADD COLUMN `version` int NOT NULL DEFAULT 1 AFTER `status`;
#EndIf

#IfNotIndex massage_billing_log_row by_code
ALTER TABLE `massage_billing_log_row` ADD KEY `by_code` (`code`, `updated_at`);
#EndIf

#IfNotTable massage_billing_setting
CREATE TABLE `massage_billing_setting` (
  `name` varchar(60) NOT NULL,
  `value` text NOT NULL,
  PRIMARY KEY (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT='Settings of the module; secrets are sealed';
#EndIf
