# Debian's Composer packed into one file, so that COPY --from=composer:2 /usr/bin/composer works.
FROM php:8.2-cli AS made
RUN apt-get update && apt-get install -y --no-install-recommends composer
RUN cat <<'SCRIPT' >/pack.php
<?php
$phar = new Phar('/tmp/composer.phar', 0, 'composer.phar');
foreach (['/usr/share/php', '/usr/share/php-composer'] as $folder) {
    if (!is_dir($folder)) {
        continue;
    }
    foreach (new RecursiveIteratorIterator(new RecursiveDirectoryIterator($folder, FilesystemIterator::SKIP_DOTS)) as $file) {
        if ($file->isFile()) {
            $phar->addFile($file->getPathname(), substr($file->getPathname(), strlen('/usr/')));
        }
    }
}
$phar->addFromString('bin/composer', preg_replace('/^#!.*\n/', '', file_get_contents('/usr/bin/composer')));
$phar->setStub("#!/usr/bin/env php\n<?php Phar::mapPhar('composer.phar'); require 'phar://composer.phar/bin/composer'; __HALT_COMPILER();");
SCRIPT
RUN php -d phar.readonly=0 /pack.php && mv /tmp/composer.phar /composer && chmod 755 /composer
FROM php:8.2-cli
RUN apt-get update \
 && apt-get install -y --no-install-recommends git openssh-client patch php8.2-zip subversion unzip zip \
 && rm -rf /var/lib/apt/lists/*
ENV COMPOSER_ALLOW_SUPERUSER=1 COMPOSER_HOME=/tmp
COPY --from=made /composer /usr/bin/composer
RUN composer --version \
 && printf '#!/bin/sh\n[ "${1#-}" = "$1" ] || set -- composer "$@"\nexec "$@"\n' >/docker-entrypoint.sh \
 && chmod 755 /docker-entrypoint.sh
WORKDIR /app
ENTRYPOINT ["/docker-entrypoint.sh"]
CMD ["composer"]
