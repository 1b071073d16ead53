<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Screens;

use OpenEMR\Modules\MassageBilling\Module;
use Twig\Environment;
use Twig\Loader\FilesystemLoader;
use Twig\TwigFilter;

/** Renders the module's own templates: everything put into them is escaped, and a name that is missing is an error. */
final class Templates
{
    private Environment $twig;

    /**
     * @param callable(string): string $translate core's xl()
     * @param callable(string): string $day an ISO date as the clinic writes dates
     */
    public function __construct(string $folder, callable $translate, callable $day)
    {
        $this->twig = new Environment(
            new FilesystemLoader($folder),
            ['autoescape' => 'html', 'strict_variables' => true, 'cache' => false]
        );
        $this->twig->addFilter(new TwigFilter('xl', $translate));
        $this->twig->addFilter(new TwigFilter('day', $day));
        $this->twig->addFilter(new TwigFilter('base64', base64_encode(...)));
    }

    /** With core's translation and date format. */
    public static function ofCore(): self
    {
        return new self(
            Module::folder() . '/templates',
            Translation::ofCore(),
            static fn(string $day): string => $day === '' ? '' : (string) oeFormatShortDate($day)
        );
    }

    /** @param array<string, mixed> $values */
    public function render(string $template, array $values): string
    {
        return $this->twig->render($template, $values);
    }
}
