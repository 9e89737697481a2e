FROM buildpack-deps:bookworm
RUN apt-get update \
 && apt-get install -y --no-install-recommends build-essential gfortran \
 && rm -rf /var/lib/apt/lists/* && gcc --version
CMD ["bash"]
