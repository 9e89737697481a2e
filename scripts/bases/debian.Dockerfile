# Debian's minimal system as the official slim image has it: no manuals, translations or documents but copyrights.
FROM scratch AS whole
ADD rootfs.tar /
COPY settings/ /
RUN rm -f /etc/apt/sources.list \
 && apt-get update && apt-get -y dist-upgrade \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/ldconfig/* /var/log/*.log /var/log/apt /tmp/* \
 && rm -rf /usr/share/man/* /usr/share/info/* /usr/share/groff/* /usr/share/lintian/* /usr/share/linda/* \
 && find /usr/share/locale -mindepth 1 ! -name locale.alias -delete \
 && find /usr/share/doc -mindepth 1 ! -type d ! -name copyright -delete \
 && find /usr/share/doc -mindepth 1 -type d -empty -delete \
 && mkdir -p /var/lib/apt/lists/partial /var/cache/apt/archives/partial /var/log/apt
FROM scratch
COPY --from=whole / /
CMD ["bash"]
