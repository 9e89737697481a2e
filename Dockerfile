# The action's image: Python without a shell, git's transport, buildx on its own, weighbridge.
# A Docker CLI is not needed (buildx builds, the SDK does the rest), and neither is a package manager.
# Runners build actions with the classic builder, so nothing in here may need BuildKit.

FROM docker/buildx-bin:0.29 AS buildx
FROM gcr.io/distroless/python3-debian12 AS base

# git as it is used here: one binary, the helper for http(s), ssh, and the libraries that the base does not bring.
FROM debian:12-slim AS git
RUN apt-get update && apt-get install -y --no-install-recommends git ca-certificates openssh-client && rm -rf /var/lib/apt/lists/*
COPY --from=base / /base
# Each file's package is noted where distroless notes its own, so that scanners see it; its size would be the whole package's.
RUN set -e; mkdir -p /out/var/lib/dpkg/status.d; \
    programs="/usr/bin/git /usr/bin/ssh /usr/lib/git-core/git-remote-http"; \
    for file in $programs $(ldd $programs | awk '/=> \// { print $3 }' | sort -u); do \
      name="${file#/usr}"; \
      if [ -e "/base$name" ] || [ -e "/base/usr$name" ]; then continue; fi; \
      mkdir -p "/out/usr${name%/*}"; cp -L "$file" "/out/usr$name"; \
      package="$(dpkg-query --search "$name" "/usr$name" 2>/dev/null | sed 's/:.*//;q')"; \
      dpkg-query --status "$package" | sed '/^Installed-Size:/d' > "/out/var/lib/dpkg/status.d/$package"; \
      cp --parents -L "/usr/share/doc/$package/copyright" /out; \
    done; \
    ln -s git-remote-http /out/usr/lib/git-core/git-remote-https

FROM python:3.11-slim AS python
RUN apt-get update && apt-get install -y --no-install-recommends binutils && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY requirements/build.txt requirements/runtime.txt ./
# Left out: what only compilers and type checkers read, the lexers of a colourer, the second of two zstd bindings.
RUN pip install --no-cache-dir --require-hashes -r build.txt && \
    pip install --no-cache-dir --no-compile --require-hashes --target /app -r runtime.txt && \
    find /app -name '*.so' -exec strip --strip-unneeded {} + && \
    find /app \( -name '*.pyi' -o -name '*.pxd' -o -name '*.h' \) -delete && \
    rm -rf /app/bin /app/pygments/lexers/[!_]* /app/zstandard/_cffi.*.so /app/certifi/tests
COPY pyproject.toml README.md LICENSE ./
COPY src ./src
# Byte code in place of the sources: a container starts once, and would compile all that it imports (docs/adr/0003).
# The reporting service, and what weighs for it, has an image of its own (deploy/Dockerfile).
RUN pip install --no-cache-dir --no-compile --no-deps --no-build-isolation --target /app . && rm -rf /app/bin /app/weighbridge/service /app/weighbridge/weigher.py && \
    python -m compileall -q -b --invalidation-mode unchecked-hash /app && find /app -name '*.py' -delete && \
    sed -i -E 's/\.py,sha256=[^,]*,[0-9]*/.pyc,,/' /app/*.dist-info/RECORD

# The same for those modules of the standard library that are used. Fails where the byte code is not of this Python.
FROM base AS standard
COPY --from=python /app /app
ENV PYTHONPATH=/app PYTHONPYCACHEPREFIX=/pyc
RUN ["/usr/bin/python3.11", "-c", "import importlib, pkgutil, docker, github, weighbridge; [importlib.import_module(name) for _, name, _ in pkgutil.walk_packages(weighbridge.__path__, 'weighbridge.') if not name.endswith('__main__')]"]

FROM base
COPY --from=buildx /buildx /usr/bin/docker-buildx
COPY --from=git /out/ /
COPY --from=standard /pyc /pyc
COPY --from=python /app /app
ENV PYTHONPATH=/app PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PYTHONPYCACHEPREFIX=/pyc
# Root, because runners mount the workspace and the engine's socket for root; GitHub asks the same of every container action.
ENTRYPOINT ["/usr/bin/python3.11", "-m", "weighbridge"]
CMD ["action"]
