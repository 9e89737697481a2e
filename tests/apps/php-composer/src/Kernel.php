<?php

namespace Parcels;

use Greeting\Greeting;

final class Kernel
{
    public function answer(string $path): string
    {
        if (preg_match('#^/parcels/([a-z]{2}_[A-Z]{2})/([0-9.]+)$#', $path, $found)) {
            file_put_contents('/tmp/parcels.log', "$path\n", FILE_APPEND);
            return Greeting::of($found[1], (float) $found[2]);
        }
        http_response_code(404);
        return 'no such parcel';
    }
}
