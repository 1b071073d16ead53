-- Takes away everything that the module keeps: run when it is removed, only where the clinic chose so in its settings.
-- What it wrote on fee sheets (billing, form_misc_billing_options) belongs to the clinic's books and stays.

DROP TABLE IF EXISTS `massage_billing_resource`;
DROP TABLE IF EXISTS `massage_billing_resource_history`;
DROP TABLE IF EXISTS `massage_billing_token`;
DROP TABLE IF EXISTS `massage_billing_reference`;
DROP TABLE IF EXISTS `massage_billing_create_key`;
DROP TABLE IF EXISTS `massage_billing_log`;
DROP TABLE IF EXISTS `massage_billing_log_row`;
DROP TABLE IF EXISTS `massage_billing_log_history`;
DROP TABLE IF EXISTS `massage_billing_posting`;
DROP TABLE IF EXISTS `massage_billing_billing_row`;
DROP TABLE IF EXISTS `massage_billing_setting`;
DELETE FROM `background_services` WHERE `name` = 'MassageBilling_Run';
