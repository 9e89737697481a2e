# Debian's packages unpacked, without running their scripts; the package database is one file each, as in distroless.
FROM debian:12-slim AS made
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates
WORKDIR /debs
RUN apt-get download \
      gcc-12-base \
      libgcc-s1 \
      libgomp1 \
      libstdc++6 \
 && mkdir -p /out/var/lib/dpkg/status.d \
 && for deb in *.deb; do \
      name="$(dpkg-deb -f "$deb" Package)"; \
      dpkg-deb -x "$deb" /out; \
      dpkg-deb -f "$deb" >"/out/var/lib/dpkg/status.d/$name"; \
      dpkg-deb --ctrl-tarfile "$deb" | tar -xO ./md5sums >"/out/var/lib/dpkg/status.d/$name.md5sums"; \
    done \
 && rm -rf /out/usr/share/man /out/usr/share/info /out/usr/share/lintian /out/usr/share/base-files \
      /out/usr/share/gcc \
 && find /out/usr/share/doc ! -type d ! -name copyright -delete \
 && find /out/usr/share/doc -type d -empty -delete
FROM gcr.io/distroless/base-debian12
COPY --from=made /out/ /
