<?php

/** Core's functions that the screens call. */

declare(strict_types=1);

if (!function_exists('xl')) {
    function xl(string $text): string
    {
        return $text;
    }
}
