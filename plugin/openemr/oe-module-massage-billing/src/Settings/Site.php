<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Settings;

use OpenEMR\Common\Session\SessionWrapperFactory;
use OpenEMR\Core\Header;
use OpenEMR\Core\OEGlobalsBag;
use OpenEMR\Modules\MassageBilling\Module;
use OpenEMR\Modules\MassageBilling\Screens\Hooks;
use Twig\Markup;

/** Addresses of this OpenEMR, of one of its sites. */
final class Site
{
    /**
     * @param string $fhir base of the FHIR API, as the world reaches it
     * @param string $token address of the token endpoint
     * @param string $page this module's settings page
     * @param string $clients core's page of API clients
     * @param string $config core's page of settings
     * @param string $folder the module's folder, from the web root
     * @param string $zone IANA zone; "" where OpenEMR has none
     * @param \Closure(): string $header core's scripts and styles, HTML
     */
    public function __construct(
        public readonly string $fhir,
        public readonly string $token,
        public readonly string $page,
        public readonly string $clients,
        public readonly string $config,
        public readonly string $folder,
        public readonly string $zone,
        private readonly \Closure $header
    ) {
    }

    public static function ofCore(): self
    {
        $globals = OEGlobalsBag::getInstance();
        $root = $globals->getWebRoot();
        $site = SessionWrapperFactory::getInstance()->getActiveSession()->get('site_id');
        $site = is_string($site) && $site !== '' ? $site : 'default';
        $outside = rtrim((string) $globals->get('site_addr_oath'), '/') . $root;
        return new self(
            "$outside/apis/$site/fhir",
            "$outside/oauth2/$site/token",
            Hooks::pages() . '/settings.php',
            "$root/interface/smart/admin-client.php",
            "$root/interface/super/edit_globals.php",
            '/interface/modules/custom_modules/' . basename(Module::folder()),
            (string) $globals->get('gbl_time_zone'),
            static fn(): string => (string) Header::setupHeader([], false)
        );
    }

    /** @return array{header: Markup} what every page of ours stands in */
    public function shell(): array
    {
        return ['header' => new Markup(($this->header)(), 'UTF-8')];
    }
}
