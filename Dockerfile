# docker build --build-arg VERSION="$(git describe --tags --always)" -t broked .
# docker run -p 8080:8080 -v broked-data:/data broked
# Several processes on one PostgreSQL: see deploy/compose.yaml.

# The interface: files for browsers, the same for every platform.
FROM --platform=$BUILDPLATFORM node:20-bookworm-slim AS web
WORKDIR /src/web
COPY web/package.json web/package-lock.json web/.npmrc ./
RUN npm install --no-audit --no-fund
COPY web ./
RUN npm run build

# The program. DuckDB comes as a C++ library, so this needs cgo and a compiler.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . ./
COPY --from=web /src/web/dist web/dist
ARG VERSION=dev
RUN CGO_ENABLED=1 go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=${VERSION}" -o /out/broked ./cmd/broked

# The image: Debian of the same release as the compiler's, for the same C and
# C++ libraries, and nothing but the program and Python for code nodes in it.
FROM debian:12-slim
RUN apt-get update && apt-get install -y --no-install-recommends python3 && rm -rf /var/lib/apt/lists/*
RUN useradd --uid 65532 --no-create-home --home-dir /data --shell /usr/sbin/nologin broked \
    && install -d -o broked -g broked -m 0700 /data /data/files /data/contacts /shared /artifacts
COPY --from=build /out/broked /usr/local/bin/broked
USER 65532:65532
# Relative paths in pipelines begin here, on the volume.
WORKDIR /data/files
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --start-interval=1s --retries=3 \
    CMD ["broked", "health", "--url", "http://127.0.0.1:8080/health"]
ENTRYPOINT ["broked"]
CMD ["serve", "--host", "0.0.0.0", "--data", "/data"]
