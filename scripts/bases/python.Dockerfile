# The slim image's Python, at the same place, among the compilers and libraries of the fat images.
FROM buildpack-deps:bookworm
ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
ENV LANG=C.UTF-8
RUN apt-get update \
 && apt-get install -y --no-install-recommends libbluetooth-dev tk-dev uuid-dev \
 && rm -rf /var/lib/apt/lists/*
ENV PYTHON_VERSION=3.11
COPY --from=python:3.11-slim /usr/local/ /usr/local/
COPY --from=python:3.11-slim /etc/uv/ /etc/uv/
RUN ldconfig && export PYTHONDONTWRITEBYTECODE=1 && python --version && pip --version
CMD ["python3"]
