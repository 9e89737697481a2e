# npm's packages of the official builds, laid out as their archive is.
FROM debian:12-slim
RUN groupadd --gid 1000 node && useradd --uid 1000 --gid node --shell /bin/bash --create-home node
ADD node.tar /usr/local/
ADD npm.tar /usr/local/lib/node_modules/npm/
COPY certificates/ /usr/local/share/ca-certificates/
# node brings certificates of its own; the machine's (none, or those of its proxy) are told to it.
RUN chmod 755 /usr/local/bin/node /usr/local/lib/node_modules/npm/bin/*.js \
 && ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm \
 && ln -s ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx \
 && ln -s node /usr/local/bin/nodejs \
 && rm -rf /usr/local/share/doc /usr/local/share/man /usr/local/*.md /usr/local/LICENSE /usr/local/package.json \
 && mkdir -p /etc/ssl/certs && touch /etc/ssl/certs/ca-certificates.crt \
 && printf '#!/bin/sh\nset -e\nif [ "${1#-}" != "$1" ] || ! command -v "$1" >/dev/null; then set -- node "$@"; fi\nexec "$@"\n' \
      >/usr/local/bin/docker-entrypoint.sh \
 && chmod 755 /usr/local/bin/docker-entrypoint.sh && node --version && npm --version
ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
# node-gyp finds the headers beside node, not on the web.
RUN mkdir -p /usr/local/etc && echo nodedir=/usr/local >/usr/local/etc/npmrc \
 && npm install --global --no-fund --no-audit --no-update-notifier corepack@0.34 \
 && npm install --global --no-fund --no-audit --no-update-notifier --prefix /tmp/yarn yarn@1.22.22 \
 && mkdir -p /opt && mv /tmp/yarn/lib/node_modules/yarn /opt/yarn-v1.22.22 \
 && ln -s /opt/yarn-v1.22.22/bin/yarn /opt/yarn-v1.22.22/bin/yarnpkg /usr/local/bin/ \
 && rm -rf /tmp/* /root/.npm && yarn --version && corepack --version
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["node"]
