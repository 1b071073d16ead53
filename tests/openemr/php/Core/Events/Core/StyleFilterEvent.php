<?php

declare(strict_types=1);

namespace OpenEMR\Events\Core;

/** Core's event at which modules add style sheets to a page. */
class StyleFilterEvent extends TemplatePageEvent
{
    public const EVENT_NAME = 'html.head.style.filter';

    private array $styles = [];

    public function getStyles(): array
    {
        return $this->styles;
    }

    public function setStyles(array $styles): self
    {
        $this->styles = $styles;
        return $this;
    }
}
