<?php

declare(strict_types=1);

namespace OpenEMR\Events\Core;

use Symfony\Contracts\EventDispatcher\Event;

/** Core's event about a page. */
class TemplatePageEvent extends Event
{
    public function __construct(private readonly string $pageName)
    {
    }

    public function getPageName()
    {
        return $this->pageName;
    }
}
