# Debian's Python and pip behind the official image's names. pip is free to install, and into one place with two names.
FROM debian:12-slim
ENV LANG=C.UTF-8
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates netbase tzdata python3 python3-pip \
 && rm -rf /var/lib/apt/lists/* /usr/lib/python3.11/EXTERNALLY-MANAGED \
 && find / -xdev -name __pycache__ -type d -prune -exec rm -rf {} + \
 && mkdir -p /usr/local/lib/python3.11/dist-packages && ln -s dist-packages /usr/local/lib/python3.11/site-packages \
 && ln -s /usr/bin/python3.11 /usr/local/bin/python3.11 && ln -s python3.11 /usr/local/bin/python3 \
 && ln -s python3.11 /usr/local/bin/python && ln -s /usr/bin/pip3 /usr/local/bin/pip
ENV PYTHON_VERSION=3.11
RUN python --version && pip --version
CMD ["python3"]
