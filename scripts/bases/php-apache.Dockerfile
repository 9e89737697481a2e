FROM php:8.2-cli
RUN apt-get update \
 && apt-get install -y --no-install-recommends apache2 libapache2-mod-php8.2 \
 && rm -rf /var/lib/apt/lists/* /var/www/html/* \
 && ln -sf "$PHP_INI_DIR/php.ini" /etc/php/8.2/apache2/php.ini
RUN printf '%s\n' '<FilesMatch \.php$>' ' SetHandler application/x-httpd-php' '</FilesMatch>' \
      'DirectoryIndex disabled' 'DirectoryIndex index.php index.html' \
      '<Directory /var/www/>' ' Options -Indexes' ' AllowOverride All' '</Directory>' \
      >/etc/apache2/conf-available/docker-php.conf \
 && printf '%s\n' '#!/bin/sh' 'set -e' '. /etc/apache2/envvars' 'rm -f "$APACHE_PID_FILE"' \
      'mkdir -p "$APACHE_RUN_DIR" "$APACHE_LOCK_DIR"' 'exec apache2 -DFOREGROUND "$@"' >/usr/local/bin/apache2-foreground \
 && chmod 755 /usr/local/bin/apache2-foreground \
 && a2enconf docker-php && { a2dismod -f mpm_event || true; } && a2enmod mpm_prefork php8.2 \
 && ln -sf /dev/stderr /var/log/apache2/error.log && ln -sf /dev/stdout /var/log/apache2/access.log \
 && ln -sf /dev/stdout /var/log/apache2/other_vhosts_access.log && chown -R www-data:www-data /var/log/apache2
STOPSIGNAL SIGWINCH
WORKDIR /var/www/html
EXPOSE 80
CMD ["apache2-foreground"]
