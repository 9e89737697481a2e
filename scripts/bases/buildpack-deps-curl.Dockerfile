# What the fat images stand on, in three steps as the official ones: downloads, version control, compilers.
FROM debian:12-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates curl gnupg netbase sq tzdata wget \
 && rm -rf /var/lib/apt/lists/*
