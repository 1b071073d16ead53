<?php

/** What the buttons of billers' pages are sent to. */

declare(strict_types=1);

use OpenEMR\Modules\MassageBilling\Screens\PageRequest;
use OpenEMR\Modules\MassageBilling\Screens\Pages;

require_once require __DIR__ . '/../src/Screens/core.php';

Pages::action()->answer(PageRequest::fromCore())->send();
