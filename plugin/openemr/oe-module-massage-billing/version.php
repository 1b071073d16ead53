<?php

/** The module's version, read by OpenEMR's module manager; the same as massage-billing's own. */

declare(strict_types=1);

$v_major = '0';
$v_minor = '1';
$v_patch = '0';
