# Debian's nginx with the official image's user, settings, templates and logs.
FROM debian:12-slim
ENV NGINX_VERSION=1.22.1
RUN groupadd --system --gid 101 nginx \
 && useradd --system --gid nginx --uid 101 --home-dir /nonexistent --no-create-home --shell /bin/false nginx \
 && apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates curl gettext-base nginx \
 && rm -rf /var/lib/apt/lists/* /etc/nginx/sites-* /etc/nginx/snippets /etc/nginx/modules-* /etc/nginx/conf.d/* /var/www \
 && mkdir -p /docker-entrypoint.d /var/cache/nginx && chown nginx:nginx /var/cache/nginx \
 && ln -sf /dev/stdout /var/log/nginx/access.log && ln -sf /dev/stderr /var/log/nginx/error.log
RUN cat <<'CONF' >/etc/nginx/nginx.conf
user  nginx;
worker_processes  auto;
error_log  /var/log/nginx/error.log notice;
pid        /var/run/nginx.pid;
events {
    worker_connections  1024;
}
http {
    include       /etc/nginx/mime.types;
    default_type  application/octet-stream;
    access_log  /var/log/nginx/access.log;
    sendfile        on;
    keepalive_timeout  65;
    include /etc/nginx/conf.d/*.conf;
}
CONF
RUN cat <<'CONF' >/etc/nginx/conf.d/default.conf
server {
    listen       80;
    server_name  localhost;
    location / {
        root   /usr/share/nginx/html;
        index  index.html index.htm;
    }
    error_page   500 502 503 504  /50x.html;
    location = /50x.html {
        root   /usr/share/nginx/html;
    }
}
CONF
RUN cat <<'SCRIPT' >/docker-entrypoint.sh && chmod 755 /docker-entrypoint.sh && nginx -t
#!/bin/sh
set -e
case ${1:-} in nginx*)
  for template in /etc/nginx/templates/*.template; do
    [ -e "$template" ] || continue
    names="$(env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/${\1}/p')"
    envsubst "$names" <"$template" >"/etc/nginx/conf.d/$(basename "$template" .template)"
  done
  for script in /docker-entrypoint.d/*.sh; do [ ! -x "$script" ] || "$script"; done
esac
exec "$@"
SCRIPT
ENTRYPOINT ["/docker-entrypoint.sh"]
EXPOSE 80
STOPSIGNAL SIGQUIT
CMD ["nginx", "-g", "daemon off;"]
