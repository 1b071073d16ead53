<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Core;

use OpenEMR\Common\Crypto\CryptoGen;

/** Secrets over core's CryptoGen, whose keys are on the server's drive and in its database. */
final class OpenEmrSecrets implements Secrets
{
    public function seal(string $secret): string
    {
        return (new CryptoGen())->encryptStandard($secret);
    }

    public function open(string $sealed): ?string
    {
        $opened = (new CryptoGen())->decryptStandard($sealed);
        return is_string($opened) && $opened !== '' ? $opened : null;
    }
}
