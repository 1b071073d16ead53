<?php

declare(strict_types=1);

namespace OpenEMR\Events\Patient\Summary\Card;

/** Core's card of the patient's summary. */
class CardModel
{
    public function __construct(private array $opts)
    {
    }

    public function getTitle(): string
    {
        return $this->opts['title'];
    }

    public function getIdentifier(): string
    {
        return $this->opts['identifier'];
    }

    public function getAcl(): array
    {
        return $this->opts['acl'];
    }

    public function getTemplateFile(): string
    {
        return $this->opts['templateFile'];
    }

    public function getTemplateVariables(): array
    {
        return $this->opts['templateVariables'];
    }
}
