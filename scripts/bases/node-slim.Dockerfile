# npm's packages of the official builds, laid out as their archive is; corepack beside npm, and yarn in /opt.
FROM debian:12-slim AS made
ADD node.tar /usr/local/
ADD npm.tar /usr/local/lib/node_modules/npm/
COPY certificates/ /usr/local/share/ca-certificates/
# node brings certificates of its own; the machine's (none, or those of its proxy) are told to it.
ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
# node-gyp finds the headers beside node, not on the web.
RUN chmod 755 /usr/local/bin/node /usr/local/lib/node_modules/npm/bin/*.js \
 && ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm \
 && ln -s ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx \
 && ln -s node /usr/local/bin/nodejs \
 && rm -rf /usr/local/share/doc /usr/local/share/man /usr/local/*.md /usr/local/LICENSE /usr/local/package.json \
 && printf '#!/bin/sh\nset -e\nif [ "${1#-}" != "$1" ] || ! command -v "$1" >/dev/null; then set -- node "$@"; fi\nexec "$@"\n' \
      >/usr/local/bin/docker-entrypoint.sh \
 && chmod 755 /usr/local/bin/docker-entrypoint.sh \
 && mkdir -p /etc/ssl/certs /usr/local/etc && touch /etc/ssl/certs/ca-certificates.crt \
 && echo nodedir=/usr/local >/usr/local/etc/npmrc
RUN npm install --global --no-fund --no-audit --no-update-notifier corepack@0.34 \
 && npm install --global --no-fund --no-audit --no-update-notifier --prefix /tmp/yarn yarn@1.22.22 \
 && mv /tmp/yarn/lib/node_modules/yarn /opt/yarn-v1.22.22 \
 && rm /usr/local/bin/pnpm /usr/local/bin/pnpx \
 && ln -sf /opt/yarn-v1.22.22/bin/yarn /opt/yarn-v1.22.22/bin/yarnpkg /usr/local/bin/ \
 && yarn config set registry "$(npm config get registry)" --global
FROM debian:12-slim
RUN groupadd --gid 1000 node && useradd --uid 1000 --gid node --shell /bin/bash --create-home node \
 && mkdir -p /etc/ssl/certs && touch /etc/ssl/certs/ca-certificates.crt
ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
COPY --from=made /usr/local/ /usr/local/
COPY --from=made /opt/ /opt/
RUN node --version && npm --version && yarn --version && rm -rf /tmp/*
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["node"]
