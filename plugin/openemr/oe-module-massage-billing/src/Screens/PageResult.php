<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Screens;

/** What one of the module's pages answers: a page, or where to go on. */
final class PageResult
{
    private function __construct(
        public readonly int $status,
        public readonly string $html,
        public readonly string $location
    ) {
    }

    public static function page(string $html, int $status = 200): self
    {
        return new self($status, $html, '');
    }

    /** A sentence instead of a page, for whoever may not see it. */
    public static function refused(int $status, string $why): self
    {
        return new self($status, htmlspecialchars($why, ENT_QUOTES), '');
    }

    /** After a form was taken: nothing is sent again when the page is reloaded. */
    public static function goTo(string $location): self
    {
        return new self(303, '', $location);
    }

    /** Send it. Nothing of it may be kept by the browser: it names patients, or shows a key once. */
    public function send(): void
    {
        http_response_code($this->status);
        header('Cache-Control: no-store');
        header('X-Content-Type-Options: nosniff');
        header('X-Frame-Options: SAMEORIGIN');
        header('Referrer-Policy: same-origin');
        if ($this->location !== '') {
            header('Location: ' . $this->location);
            return;
        }
        header('Content-Type: text/html; charset=utf-8');
        echo $this->html;
    }
}
