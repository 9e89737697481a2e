FROM nginx:1.22
RUN sed -i 's,listen       80;,listen       8080;,' /etc/nginx/conf.d/default.conf \
 && sed -i -e '/^user/d' -e 's,/var/run/nginx.pid,/tmp/nginx.pid,' \
      -e '/^http {/a \    proxy_temp_path /tmp/proxy_temp;\n    client_body_temp_path /tmp/client_temp;\n    fastcgi_temp_path /tmp/fastcgi_temp;\n    uwsgi_temp_path /tmp/uwsgi_temp;\n    scgi_temp_path /tmp/scgi_temp;' \
      /etc/nginx/nginx.conf \
 && chown -R 101:0 /var/cache/nginx /etc/nginx /var/lib/nginx /var/log/nginx && chmod -R g+w /var/cache/nginx /etc/nginx
EXPOSE 8080
USER 101
