# Debian's packages unpacked, without running their scripts; the package database is one file each, as in distroless.
FROM debian:12-slim AS made
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates
WORKDIR /debs
RUN apt-get download \
      libasound2 \
      libbrotli1 \
      libcups2 \
      libexpat1 \
      libfontconfig1 \
      libfreetype6 \
      libglib2.0-0 \
      libgraphite2-3 \
      libharfbuzz0b \
      libjpeg62-turbo \
      liblcms2-2 \
      libpcre2-8-0 \
      libpcsclite1 \
      libpng16-16 \
      libuuid1 \
      openjdk-17-jre-headless \
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
RUN mkdir -p /out/usr/bin && cd /out/usr/lib/jvm/java-17-openjdk-* && ln -s "${PWD#/out}/bin/java" /out/usr/bin/java
FROM gcr.io/distroless/cc-debian12
COPY --from=eclipse-temurin:17-jre /opt/java/openjdk/lib/security/cacerts /etc/ssl/certs/java/cacerts
COPY --from=made /out/ /
ENV LANG=C.UTF-8
RUN ["/usr/bin/java", "-version"]
ENTRYPOINT ["/usr/bin/java", "-jar"]
