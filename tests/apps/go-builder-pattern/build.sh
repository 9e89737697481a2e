#!/bin/sh
# usage: ./build.sh [image]
set -e
IMAGE=${1:-repodemo/httpd:latest}
BUILDER=repodemo/httpd-builder:$$

echo "Building the builder..."
docker build -t $BUILDER -f Dockerfile.build .
docker create --name appsource-$$ $BUILDER
docker cp appsource-$$:/go/src/httpd ./httpd
docker rm -f appsource-$$
docker rmi $BUILDER

echo "Building $IMAGE..."
docker build -t $IMAGE -f Dockerfile.target .
rm ./httpd
