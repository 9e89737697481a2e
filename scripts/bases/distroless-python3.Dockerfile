# Debian's packages unpacked, without running their scripts; the package database is one file each, as in distroless.
FROM debian:12-slim AS made
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates
WORKDIR /debs
RUN apt-get download \
      gcc-12-base \
      libbz2-1.0 \
      libcom-err2 \
      libcrypt1 \
      libdb5.3 \
      libexpat1 \
      libffi8 \
      libgcc-s1 \
      libgomp1 \
      libgssapi-krb5-2 \
      libk5crypto3 \
      libkeyutils1 \
      libkrb5-3 \
      libkrb5support0 \
      liblzma5 \
      libncursesw6 \
      libnsl2 \
      libpython3.11-minimal \
      libpython3.11-stdlib \
      libreadline8 \
      libsqlite3-0 \
      libstdc++6 \
      libtinfo6 \
      libtirpc3 \
      libuuid1 \
      python3-distutils \
      python3.11-minimal \
      zlib1g \
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
RUN ln -s python3.11 /out/usr/bin/python3 && ln -s python3.11 /out/usr/bin/python
FROM gcr.io/distroless/base-debian12
COPY --from=made /out/ /
ENV LANG=C.UTF-8
RUN ["/usr/bin/python3.11", "-c", "import bz2, ctypes, lzma, readline, sqlite3, ssl, uuid, zlib"]
ENTRYPOINT ["/usr/bin/python3.11"]
