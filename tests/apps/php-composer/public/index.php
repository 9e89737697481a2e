<?php

require __DIR__ . '/../vendor/autoload.php';

echo (new Parcels\Kernel())->answer(parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH)), "\n";
