<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Settings;

/** Something that was typed in does not serve; the message is for whoever typed it, in English for xl(). */
final class Unfit extends \RuntimeException
{
}
