# Debian's static busybox, under the name of each of its applets.
FROM debian:12-slim AS made
RUN apt-get update && apt-get install -y --no-install-recommends busybox-static
RUN mkdir -p /out/bin /out/etc /out/home /out/root /out/tmp /out/usr/bin /out/usr/sbin /out/var/www \
 && chmod 1777 /out/tmp && chmod 700 /out/root \
 && cp /bin/busybox /out/bin/busybox \
 && /bin/busybox --list | while read -r applet; do ln -f /out/bin/busybox "/out/bin/$applet"; done \
 && ln -s ../../bin/env /out/usr/bin/env \
 && grep -E '^(root|daemon|bin|www-data|nobody):' /etc/passwd | sed 's,/bin/bash$,/bin/sh,' >/out/etc/passwd \
 && grep -E '^(root|daemon|bin|tty|staff|www-data|nogroup):' /etc/group >/out/etc/group
FROM scratch
COPY --from=made /out/ /
CMD ["sh"]
