# Debian's packages unpacked, without running their scripts; the package database is one file each, as in distroless.
FROM debian:12-slim AS made
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates
WORKDIR /debs
RUN apt-get download \
      base-files \
      netbase \
      tzdata \
      media-types \
 && mkdir -p /out/var/lib/dpkg/status.d \
 && for deb in *.deb; do \
      name="$(dpkg-deb -f "$deb" Package)"; \
      dpkg-deb -x "$deb" /out; \
      dpkg-deb -f "$deb" >"/out/var/lib/dpkg/status.d/$name"; \
      dpkg-deb --ctrl-tarfile "$deb" | tar -xO ./md5sums >"/out/var/lib/dpkg/status.d/$name.md5sums"; \
    done \
 && rm -rf /out/usr/share/man /out/usr/share/info /out/usr/share/lintian /out/usr/share/base-files \
 && find /out/usr/share/doc ! -type d ! -name copyright -delete \
 && find /out/usr/share/doc -type d -empty -delete
RUN mkdir -p /out/etc/ssl/certs /out/home/nonroot /out/root /out/tmp \
 && chmod 1777 /out/tmp && chmod 700 /out/root /out/home/nonroot && chown 65532:65532 /out/home/nonroot \
 && cp /etc/ssl/certs/ca-certificates.crt /out/etc/ssl/certs/ca-certificates.crt \
 && printf '%s\n' root:x:0:0:root:/root:/sbin/nologin nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin \
      nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin >/out/etc/passwd \
 && printf '%s\n' root:x:0: nobody:x:65534: tty:x:5: staff:x:50: nonroot:x:65532: >/out/etc/group \
 && printf 'hosts: files dns\n' >/out/etc/nsswitch.conf
FROM scratch
COPY --from=made /out/ /
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
USER 0
WORKDIR /
