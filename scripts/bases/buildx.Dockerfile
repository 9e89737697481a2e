FROM scratch
COPY docker-buildx /buildx
