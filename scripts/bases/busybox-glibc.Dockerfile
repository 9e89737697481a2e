# busybox with glibc's loader and libraries beside it, so that a dynamically linked glibc program starts there.
FROM debian:12-slim AS glibc
RUN mkdir -p /out/lib && ln -s lib /out/lib64 && cd /lib/x86_64-linux-gnu \
 && cp -L ld-linux-x86-64.so.2 libc.so.6 libm.so.6 libpthread.so.0 libresolv.so.2 libnss_compat.so.2 libnss_dns.so.2 \
      libnss_files.so.2 libnss_hesiod.so.2 /out/lib/
FROM busybox:1.36
COPY --from=glibc /out/ /
