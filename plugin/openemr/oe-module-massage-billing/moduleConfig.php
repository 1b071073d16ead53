<?php

/** What the gear of the module manager shows, in a frame: the settings page. */

declare(strict_types=1);

use OpenEMR\Modules\MassageBilling\Screens\PageRequest;
use OpenEMR\Modules\MassageBilling\Screens\Pages;

require_once require __DIR__ . '/src/Screens/core.php';

Pages::settings()->answer(PageRequest::fromCore())->send();
