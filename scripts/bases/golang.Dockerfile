# Debian's backport of Go, moved to where the official archive is unpacked; the C compiler beside it, for cgo.
FROM debian:12-slim AS go
RUN sed '/^$/,$d; s/^Suites:.*/Suites: bookworm-backports/' /etc/apt/sources.list.d/debian.sources \
      >/etc/apt/sources.list.d/backports.sources \
 && apt-get update && cd /tmp && apt-get download golang-1.22-go golang-1.22-src \
 && for deb in /tmp/*.deb; do dpkg-deb -x "$deb" /unpacked; done \
 && find /unpacked/usr/lib/go-1.22 -xtype l -delete \
 && mkdir -p /out/usr/local && cp -aL /unpacked/usr/lib/go-1.22 /out/usr/local/go
FROM buildpack-deps:bookworm-scm
RUN apt-get update \
 && apt-get install -y --no-install-recommends g++ gcc libc6-dev make pkg-config \
 && rm -rf /var/lib/apt/lists/*
ENV GOTOOLCHAIN=local GOPATH=/go
ENV PATH=/go/bin:/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
COPY --from=go /out/ /
RUN mkdir -p /go/src /go/bin && chmod -R 1777 /go && go version
WORKDIR /go
