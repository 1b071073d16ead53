<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Settings;

/** Nothing was answered; the message says why, without anything that was sent. */
final class Unreachable extends \RuntimeException
{
}
