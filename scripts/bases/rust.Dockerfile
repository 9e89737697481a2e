# Debian's newest Rust for this release, under the official image's paths; no rustup.
FROM buildpack-deps:bookworm
ENV RUSTUP_HOME=/usr/local/rustup CARGO_HOME=/usr/local/cargo
ENV PATH=/usr/local/cargo/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
RUN apt-get update \
 && apt-get install -y --no-install-recommends cargo-web rustc-web \
 && rm -rf /var/lib/apt/lists/* \
 && mkdir -p /usr/local/cargo/bin && ln -s /usr/bin/cargo /usr/bin/rustc /usr/bin/rustdoc /usr/local/cargo/bin/ \
 && chmod -R a+w /usr/local/cargo && rustc --version && cargo --version
CMD ["bash"]
