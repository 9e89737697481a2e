# CPython compiled from the archive in Debian's source package into /usr/local, as the official image does (without PGO).
FROM debian:12-slim AS made
RUN sed '/^$/,$d; s/^Types:.*/Types: deb-src/' /etc/apt/sources.list.d/debian.sources \
      >/etc/apt/sources.list.d/sources.sources \
 && apt-get update \
 && apt-get install -y --no-install-recommends dpkg-dev gcc libbluetooth-dev libbz2-dev libc6-dev libdb-dev libexpat1-dev \
      libffi-dev libgdbm-dev liblzma-dev libncursesw5-dev libnsl-dev libreadline-dev libsqlite3-dev libssl-dev libtirpc-dev \
      make tk-dev uuid-dev xz-utils zlib1g-dev \
 && mkdir /src && cd /src && apt-get source -qq --download-only python3.11 \
 && mkdir python && tar -xf python3.11_*.orig.tar.* --strip-components=1 -C python
RUN cd /src/python \
 && ./configure -q --enable-loadable-sqlite-extensions --enable-option-checking=fatal --enable-shared --with-ensurepip \
      --with-system-expat LDFLAGS=-Wl,--strip-all >/dev/null \
 && make -s -j "$(nproc)" >/dev/null && make -s install >/dev/null \
 && find /usr/local -depth \( -type d \( -name test -o -name tests -o -name idle_test \) \
      -o -type f \( -name '*.pyc' -o -name '*.pyo' -o -name 'libpython*.a' \) \) -exec rm -rf '{}' +
FROM debian:12-slim
ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
ENV LANG=C.UTF-8
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates netbase tzdata \
 && rm -rf /var/lib/apt/lists/*
ENV PYTHON_VERSION=3.11
COPY --from=made /usr/local/ /usr/local/
RUN apt-get update \
 && apt-get install -y --no-install-recommends libdb5.3 libexpat1 libffi8 libgdbm-compat4 libgdbm6 libncursesw6 libnsl2 \
      libreadline8 libsqlite3-0 libssl3 libtirpc3 \
 && rm -rf /var/lib/apt/lists/* && ldconfig \
 && for name in idle pydoc python python-config; do ln -s "$(echo $name | sed 's/^[a-z]*/&3/')" "/usr/local/bin/$name"; done \
 && export PYTHONDONTWRITEBYTECODE=1 && python3 --version \
 && pip3 install --disable-pip-version-check --no-cache-dir --no-compile pip==24.0 setuptools==79.0.1 wheel==0.45.1 \
 && pip --version
# uv brings certificates of its own; the system's hold those of the machine's proxy, where it has one.
RUN mkdir /etc/uv && echo 'native-tls = true' >/etc/uv/uv.toml
CMD ["python3"]
