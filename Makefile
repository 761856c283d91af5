# Everything a contributor needs: `make` lists the targets. Each one sets up what
# it needs by itself and does nothing twice: the interface is built again only
# when its sources changed, packages are installed only when their list changed.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

# Compilers and browsers use every core; two of them at once only take memory.
.NOTPARALLEL:

# Tools are built from source into .bin at the versions in this file, once.
include .ci/tools.mk
export GOBIN := $(CURDIR)/.bin

VERSION := $(shell git describe --tags --always --dirty --match 'v*' 2>/dev/null || echo dev)

# What the interface is built from. Folders are listed too, so that a file which
# was removed counts as a change.
WEB_SOURCES := $(shell find web/src web/public -not -name '*.test.ts*') web/index.html web/vite.config.ts web/tsconfig.json
WEB_PACKAGES := web/node_modules/.package-lock.json

# What `make race` tests, and how often.
PKG ?= ./...
COUNT ?= 1

.PHONY: help run build web test test-go test-web race crash lint fmt e2e bench gen verify vuln ci setup

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "  %-8s %s\n", $$1, $$2 }' Makefile

run: build ## Build everything, start the server and run the first example in it
	bin/broked serve --example weather-by-month

build: web ## Build bin/broked with its interface
	CGO_ENABLED=1 go build -trimpath -buildvcs=false -ldflags '-s -w -X main.version=$(VERSION)' -o bin/broked ./cmd/broked

web: web/dist/index.html ## Build the interface into web/dist

web/dist/index.html: $(WEB_PACKAGES) $(WEB_SOURCES)
	cd web && npm run --silent build -- --logLevel warn

$(WEB_PACKAGES): web/package.json web/package-lock.json
	cd web && npm install --no-audit --no-fund
	touch $@

test: setup build test-web test-go e2e ## Run every test: Go with the race detector, the interface, a real browser

# Processes that tests start and kill are the program that was just built.
test-go: build .bin/gotestsum
	BROKED_PROGRAM=$(CURDIR)/bin/broked .bin/gotestsum --format pkgname -- -race -timeout=40m ./...

test-web: $(WEB_PACKAGES)
	cd web && npm run --silent test

race: .bin/gotestsum ## Run Go tests with the race detector, uncached: make race PKG=./internal/queue COUNT=20
	.bin/gotestsum --format pkgname -- -race -count=$(COUNT) $(PKG)

e2e: setup build ## Drive the interface in a browser, with a made-up server and with the real one
	cd web && CHROMIUM="$$(../.ci/setup)" npm run --silent e2e:mock
	cd web && CHROMIUM="$$(../.ci/setup)" npm run --silent e2e:gallery
	cd web && CHROMIUM="$$(../.ci/setup)" npm run --silent e2e:real

setup:
	.ci/setup >/dev/null

# How often `make crash` kills servers.
ROUNDS ?= 200

crash: .bin/gotestsum ## Kill servers at random times and at every system call that writes, and check what is left: make crash ROUNDS=1000
	BROKED_CRASH_ROUNDS=$(ROUNDS) .bin/gotestsum --format testname -- -count=1 -timeout=3h -run 'TestKilledAt' ./cmd/broked

lint: .bin/golangci-lint $(WEB_PACKAGES) ## Check the style and the types of all code
	go vet ./...
	.bin/golangci-lint run ./...
	cd web && npm run --silent lint
	cd web && npm run --silent typecheck

fmt: .bin/golangci-lint $(WEB_PACKAGES) ## Format all code
	.bin/golangci-lint fmt
	cd web && npm run --silent format

# Which cases `make bench` runs; all when it is empty. bench/main.go names them.
CASES ?=

bench: build bench/data/flights-3m.parquet ## Compare runs through a server with one DuckDB statement: make bench CASES="tasks large"
	go run ./bench $(CASES)

# A real table, which is too large to keep here.
bench/data/flights-3m.parquet:
	mkdir -p bench/data
	cd bench/data && tar -xzOf "$$(npm pack --silent vega-datasets@3.2.1)" package/data/flights-3m.parquet > flights-3m.part
	rm bench/data/vega-datasets-3.2.1.tgz
	mv bench/data/flights-3m.part $@

gen: build ## Write the generated files: docs/openapi.json, docs/nodes, docs/expressions.md, web/src/lib/api-types.ts
	.ci/generate

verify: build ## Fail when something generated, tidied or locked is stale
	go mod tidy -diff
	.ci/generate --check
	.ci/locked

vuln: .bin/govulncheck ## Look for known vulnerabilities that our code can reach
	.ci/vuln

ci: verify lint vuln test ## Everything that must hold before a change lands

.bin/golangci-lint: .ci/tools.mk
	go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT)
	touch $@

.bin/gotestsum: .ci/tools.mk
	go install gotest.tools/gotestsum@$(GOTESTSUM)
	touch $@

.bin/govulncheck: .ci/tools.mk
	go install golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK)
	touch $@
