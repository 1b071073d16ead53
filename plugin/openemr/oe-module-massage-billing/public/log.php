<?php

/**
 * The treatment log of a visit: log.php?pid=1&encounter=5. Opened from the encounter's menu.
 *
 * Permissions, and what is saved when, are in OpenEMR\Modules\MassageBilling\Log\Page; here is what needs core's page.
 */

declare(strict_types=1);

require_once require dirname(__DIR__) . '/src/Screens/core.php';

use OpenEMR\Common\Csrf\CsrfUtils;
use OpenEMR\Common\Session\SessionWrapperFactory;
use OpenEMR\Common\Twig\TwigContainer;
use OpenEMR\Core\OEGlobalsBag;
use OpenEMR\Modules\MassageBilling\Boundary;
use OpenEMR\Modules\MassageBilling\Log\Answer;
use OpenEMR\Modules\MassageBilling\Log\Pages;

$session = SessionWrapperFactory::getInstance()->getActiveSession();
try {
    $page = Pages::open(OEGlobalsBag::getInstance()->getBoolean('lock_esign_all'));
    if (($_SERVER['REQUEST_METHOD'] ?? '') === 'POST') {
        $token = $_POST['csrf_token_form'] ?? '';
        $isOurs = is_string($token) && CsrfUtils::verifyCsrfToken($token, session: $session);
        $answer = $page->post($_GET, $_POST, $isOurs);
    } else {
        $answer = $page->get($_GET);
    }
} catch (\Throwable $fault) {
    Boundary::log('treatment log', $fault);
    $why = 'The treatment log failed, and nothing was saved. Go back to what you typed, and try again.';
    $answer = new Answer(500, 'log-refused.html.twig', ['why' => $why]);
}

http_response_code($answer->status);
header('Cache-Control: no-store');
if ($answer->redirect !== '') {
    header('Location: log.php?' . $answer->redirect);
    exit;
}
if ($answer->template === '') {
    header('Content-Type: application/json');
    echo json_encode($answer->data, JSON_THROW_ON_ERROR);
    exit;
}
$twig = (new TwigContainer(dirname(__DIR__) . '/templates', OEGlobalsBag::getInstance()->getKernel()))->getTwig();
$root = OEGlobalsBag::getInstance()->getWebRoot() . '/interface/modules/custom_modules/';
echo $twig->render($answer->template, $answer->data + [
    'self' => http_build_query(array_intersect_key($_GET, ['pid' => 1, 'encounter' => 1])),
    'assets' => $root . basename(dirname(__DIR__)) . '/public/assets',
    'csrf' => CsrfUtils::collectCsrfToken($session),
]);
