<?php

/** The page "Massage billing" of the menu. */

declare(strict_types=1);

use OpenEMR\Modules\MassageBilling\Screens\PageRequest;
use OpenEMR\Modules\MassageBilling\Screens\Pages;

require_once require __DIR__ . '/../src/Screens/core.php';

Pages::overview()->answer(PageRequest::fromCore())->send();
