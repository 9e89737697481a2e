FROM gcr.io/distroless/cc-debian12
COPY --from=node:20-slim /usr/local/bin/node /nodejs/bin/node
RUN ["/nodejs/bin/node", "--version"]
ENTRYPOINT ["/nodejs/bin/node"]
