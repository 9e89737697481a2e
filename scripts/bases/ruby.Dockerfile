# Debian's Ruby with links in /usr/local/bin; gems go to /usr/local/bundle, as in the official image.
ARG BASE
FROM $BASE
ENV LANG=C.UTF-8
RUN apt-get update \
 && apt-get install -y --no-install-recommends bzip2 ca-certificates libffi-dev libgmp-dev libssl-dev libyaml-dev procps \
      ruby ruby-bundler ruby-dev zlib1g-dev \
 && rm -rf /var/lib/apt/lists/* \
 && for name in ruby gem bundle bundler irb erb rake; do ln -s "/usr/bin/$name" "/usr/local/bin/$name"; done \
 && ruby --version
ENV RUBY_VERSION=3.1 GEM_HOME=/usr/local/bundle BUNDLE_SILENCE_ROOT_WARNING=1 BUNDLE_APP_CONFIG=/usr/local/bundle
ENV PATH=/usr/local/bundle/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
RUN mkdir -p "$GEM_HOME" && chmod 1777 "$GEM_HOME" && gem --version && bundle --version
CMD ["irb"]
