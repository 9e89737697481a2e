# Debian's PHP. docker-php-ext-install takes Debian's packages of extensions instead of compiling them.
FROM debian:12-slim
ENV PHPIZE_DEPS="autoconf dpkg-dev file g++ gcc libc-dev make pkg-config re2c"
RUN apt-get update \
 && apt-get install -y --no-install-recommends $PHPIZE_DEPS ca-certificates curl xz-utils \
 && rm -rf /var/lib/apt/lists/*
ENV PHP_INI_DIR=/usr/local/etc/php
RUN mkdir -p "$PHP_INI_DIR/conf.d" /var/www/html \
 && chown www-data:www-data /var/www/html && chmod 1777 /var/www/html
ENV PHP_VERSION=8.2 PHP_INI_SCAN_DIR=:/usr/local/etc/php/conf.d
RUN apt-get update \
 && apt-get install -y --no-install-recommends php8.2-cli php8.2-curl php8.2-dev php8.2-mbstring php8.2-readline \
      php8.2-sqlite3 php8.2-xml \
 && rm -rf /var/lib/apt/lists/* \
 && for name in php phar phpize php-config; do ln -s "/usr/bin/$name" "/usr/local/bin/$name"; done \
 && cp /usr/lib/php/8.2/php.ini-production /usr/lib/php/8.2/php.ini-development "$PHP_INI_DIR/" \
 && ln -sf "$PHP_INI_DIR/php.ini" /etc/php/8.2/cli/php.ini && php --version
RUN cat <<'SCRIPT' >/usr/local/bin/docker-php-ext-install
#!/bin/sh
# Stands in for the official script: what it compiles is installed here, and what Debian's PHP has in it is skipped.
set -e
packages=
for extension; do
  case $extension in
    -*|[0-9]*) ;;
    pdo_mysql|mysqli|mysqlnd) packages="$packages php8.2-mysql" ;;
    pdo_pgsql|pgsql) packages="$packages php8.2-pgsql" ;;
    pdo_sqlite|sqlite3) packages="$packages php8.2-sqlite3" ;;
    dom|simplexml|xml|xmlreader|xmlwriter|xsl) packages="$packages php8.2-xml" ;;
    bcmath|bz2|curl|gd|gmp|intl|ldap|mbstring|opcache|readline|soap|tidy|zip) packages="$packages php8.2-$extension" ;;
    calendar|ctype|exif|ffi|fileinfo|filter|ftp|gettext|iconv|pcntl|pdo|phar|posix|session|shmop|sockets|sysv*|tokenizer) ;;
    *) echo "error: $extension does not exist" >&2; exit 1 ;;
  esac
done
[ -z "$packages" ] && exit
apt-get update
DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $packages
rm -rf /var/lib/apt/lists/*
SCRIPT
RUN printf '#!/bin/sh\nset -e\ncase ${1:-} in -*) set -- php "$@" ;; esac\nexec "$@"\n' \
      >/usr/local/bin/docker-php-entrypoint \
 && printf '#!/bin/sh\nexit 0\n' >/usr/local/bin/docker-php-ext-configure \
 && printf '#!/bin/sh\nphpenmod "$@"\n' >/usr/local/bin/docker-php-ext-enable \
 && chmod 755 /usr/local/bin/docker-php-*
ENTRYPOINT ["docker-php-entrypoint"]
CMD ["php", "-a"]
