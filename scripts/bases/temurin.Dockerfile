# Debian's OpenJDK (headless), moved to where the official image has it, with its settings and key store inside.
FROM debian:12-slim AS made
ARG KIND
RUN mkdir -p /usr/share/man/man1 \
 && apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates "openjdk-17-$KIND-headless" \
 && /var/lib/dpkg/info/ca-certificates-java.postinst configure \
 && mkdir -p /opt/java && cd /usr/lib/jvm/java-17-openjdk-* \
 && rm -rf docs man && find . -xtype l -delete && cp -aL . /opt/java/openjdk \
 && cp -L /etc/ssl/certs/java/cacerts /opt/java/openjdk/lib/security/cacerts
FROM debian:12-slim
ENV JAVA_HOME=/opt/java/openjdk
ENV PATH=/opt/java/openjdk/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8
ARG TOOLS
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates fontconfig libasound2 libfreetype6 libharfbuzz0b \
      libjpeg62-turbo liblcms2-2 libpcsclite1 locales p11-kit tzdata $TOOLS \
 && rm -rf /var/lib/apt/lists/*
COPY --from=made /opt/java/openjdk /opt/java/openjdk
RUN java -version
