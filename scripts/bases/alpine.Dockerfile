# busybox beside musl's loader: what runs on Alpine runs, and a glibc program fails as it does there. No apk packages.
FROM debian:12-slim AS musl
RUN sed -i '/^$/,$d; s/^Suites:.*/Suites: trixie/' /etc/apt/sources.list.d/debian.sources \
 && apt-get update && cd /tmp && apt-get download musl && dpkg-deb -x musl_*.deb /musl \
 && mkdir -p /out/lib && cp -L "$(find /musl -name libc.so | head -n 1)" /out/lib/ld-musl-x86_64.so.1 \
 && chmod 755 /out/lib/ld-musl-x86_64.so.1 && ln -s ld-musl-x86_64.so.1 /out/lib/libc.musl-x86_64.so.1
FROM debian:12-slim AS files
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates
COPY certificates/ /extra/
COPY --from=busybox:1.36 /etc/ /out/etc/
COPY --from=busybox:1.36 /bin/busybox /out/bin/busybox
COPY --from=musl /out/ /out/
RUN mkdir -p /out/etc/apk /out/etc/ssl/certs /out/lib/apk/db /out/sbin /out/home /out/root /out/tmp /out/proc /out/sys \
      /out/run /out/mnt /out/opt /out/srv /out/usr/bin /out/usr/sbin /out/usr/local/bin /out/var/log /out/var/cache/apk \
 && chmod 1777 /out/tmp && chmod 700 /out/root \
 && /out/bin/busybox --list | while read -r applet; do [ "$applet" = busybox ] || ln -s /bin/busybox "/out/bin/$applet"; done \
 && ln -s /bin/busybox /out/usr/bin/env \
 && cat /usr/share/ca-certificates/mozilla/*.crt /extra/*.crt >/out/etc/ssl/certs/ca-certificates.crt \
 && ln -s certs/ca-certificates.crt /out/etc/ssl/cert.pem \
 && echo 3.20.3 >/out/etc/alpine-release \
 && printf '%s\n' 'NAME="Alpine Linux"' ID=alpine VERSION_ID=3.20.3 'PRETTY_NAME="Alpine Linux v3.20"' >/out/etc/os-release \
 && printf '%s\n' alpine-baselayout busybox musl >/out/etc/apk/world \
 && printf 'P:%s\nV:%s\nA:x86_64\nS:%s\nI:%s\nT:%s\nL:%s\nF:%s\nR:%s\n\n' \
      alpine-baselayout 3.6.5-r0 8515 1024 'Alpine base dir structure and init scripts' GPL-2.0-only etc alpine-release \
      busybox 1.36.1-r29 512000 "$(stat -c %s /out/bin/busybox)" 'Size optimized toolbox of many UNIX utilities' \
      GPL-2.0-only bin busybox \
      musl 1.2.5-r0 408000 "$(stat -c %s /out/lib/ld-musl-x86_64.so.1)" 'the musl c library (libc) implementation' \
      MIT lib ld-musl-x86_64.so.1 >/out/lib/apk/db/installed \
 && printf '#!/bin/sh\necho "apk: this image stands in for Alpine, without its packages" >&2\nexit 1\n' >/out/sbin/apk \
 && chmod 755 /out/sbin/apk
FROM scratch
COPY --from=files /out/ /
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
CMD ["/bin/sh"]
