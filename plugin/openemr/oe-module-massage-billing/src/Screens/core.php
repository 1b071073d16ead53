<?php

/**
 * Where core's globals.php is, for the module's pages. A module that is linked into OpenEMR lies elsewhere than it is
 * served from, so the folder that the web server names is looked at too.
 */

declare(strict_types=1);

return (static function (): string {
    $folders = [__DIR__, dirname((string) ($_SERVER['SCRIPT_FILENAME'] ?? ''))];
    foreach ($folders as $folder) {
        for ($up = 0; $up < 8 && strlen($folder) > 1; $up++, $folder = dirname($folder)) {
            if (basename($folder) === 'interface' && is_file("$folder/globals.php")) {
                return "$folder/globals.php";
            }
        }
    }
    http_response_code(500);
    exit('massage-billing: OpenEMR was not found.');
})();
