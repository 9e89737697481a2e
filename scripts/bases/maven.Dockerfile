# Debian's Maven, its archives real files in /usr/share/maven.
FROM debian:12-slim AS made
RUN mkdir -p /usr/share/man/man1 \
 && apt-get update \
 && apt-get install -y --no-install-recommends maven \
 && cd /usr/share/maven && rm -rf man && find . -xtype l -delete && cp -aL . /maven
FROM eclipse-temurin:17-jdk
RUN apt-get update \
 && apt-get install -y --no-install-recommends curl git openssh-client \
 && rm -rf /var/lib/apt/lists/*
ENV MAVEN_HOME=/usr/share/maven MAVEN_CONFIG=/root/.m2
COPY --from=made /maven /usr/share/maven
RUN printf '#!/bin/sh\nexec "$@"\n' >/usr/local/bin/mvn-entrypoint.sh && chmod 755 /usr/local/bin/mvn-entrypoint.sh \
 && ln -s /usr/share/maven/bin/mvn /usr/bin/mvn && mkdir -p /usr/share/maven/ref && mvn --version
ENTRYPOINT ["/usr/local/bin/mvn-entrypoint.sh"]
CMD ["mvn"]
