# The action's image: Python without a shell, git's transport, buildx on its own, weighbridge.
# A Docker CLI is not needed (buildx builds, the SDK does the rest), and neither is a package manager.

FROM docker/buildx-bin:0.29 AS buildx

# git as it is used here: one binary, the helper for http(s), and the libraries of both.
FROM debian:12-slim AS git
RUN apt-get update && apt-get install -y --no-install-recommends git ca-certificates openssh-client && rm -rf /var/lib/apt/lists/*
# What distroless brings (libc, zlib, libcrypto) is not copied a second time. nsswitch and ssh's own files are left where they are.
RUN mkdir -p /out/usr/lib/git-core /out/usr/bin && \
    cp /usr/bin/git /usr/bin/ssh /out/usr/bin/ && \
    cp /usr/lib/git-core/git-remote-http /out/usr/lib/git-core/ && \
    ln -s git-remote-http /out/usr/lib/git-core/git-remote-https && \
    ldd /usr/bin/git /usr/bin/ssh /usr/lib/git-core/git-remote-http | \
      awk '/=> \// { print $3 }' | grep -v -E '/(libc|libz|libcrypto|libresolv)\.so' | sort -u | \
      xargs -I{} sh -c 'mkdir -p /out$(dirname {}) && cp -L {} /out{}'

FROM python:3.11-slim AS python
RUN apt-get update && apt-get install -y --no-install-recommends binutils && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY requirements/runtime.txt ./
RUN pip install --no-cache-dir --no-compile --require-hashes --target /app -r runtime.txt
COPY pyproject.toml README.md LICENSE ./
COPY src ./src
RUN pip install --no-cache-dir --no-compile --no-deps --target /app . && \
    find /app -name '*.so' -exec strip --strip-unneeded {} + && \
    rm -rf /app/bin

FROM gcr.io/distroless/python3-debian12
COPY --from=buildx /buildx /usr/bin/docker-buildx
COPY --from=git /out/ /
COPY --from=python /app /app
ENV PYTHONPATH=/app PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
# Root, because the runner mounts the workspace and the engine's socket for root.
ENTRYPOINT ["/usr/bin/python3.11", "-m", "weighbridge"]
CMD ["action"]
