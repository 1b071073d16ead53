<?php

declare(strict_types=1);

namespace OpenEMR\Events\Core;

use Symfony\Contracts\EventDispatcher\Event;
use Twig\Environment;

/** Core's event at which modules add folders of templates. */
class TwigEnvironmentEvent extends Event
{
    public const EVENT_CREATED = 'core.twig.environment.create';

    public function __construct(private readonly Environment $environment)
    {
    }

    public function getTwigEnvironment(): Environment
    {
        return $this->environment;
    }
}
