# Everything a contributor or CI runs. Needs Go, make and git; e2e also needs
# Node.js with npm. Each target installs the tools it uses into .tools/.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

export GOWORK := off

# Variables one may set on the command line.
BENCH    ?= .
COUNT    ?= 6
ROUNDS   ?= 20
ONLY     ?=
PKG      ?= ./...
N        ?= 100000
FUZZTIME ?= 10s

# The timeout is per package: a test that hangs prints its goroutines.
TEST := go test -race -shuffle=on -count=1 -timeout=10m
# The tests of e2e that need a server or client somebody else wrote have a target of their own.
SERVERS := Moto|VersityGW|Toxiproxy|Fun|ServeStatic|NodeSDK|TheCLI|Dynalite
MODULES := $(shell tools/modules.sh)
OWN     := $(filter-out e2e,$(MODULES))

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## compile every module for both architectures that Lambda has
	@for arch in amd64 arm64; do \
		GOOS=linux GOARCH=$$arch CGO_ENABLED=0 tools/modules.sh go build ./...; \
	done

.PHONY: test
test: ## all tests that need nothing but Go, in every module, with the race detector
	@command -v "$$(go env CC)" >/dev/null || { \
		echo "the race detector needs a C compiler; on Debian: apt-get install gcc libc6-dev" >&2; exit 1; }
	@for module in $(OWN); do \
		echo "== $$module"; (cd "$$module" && $(TEST) $(PKG)); \
	done
	@echo "== e2e, without other people's servers"; cd e2e && $(TEST) -skip '$(SERVERS)' $(PKG)

.PHONY: soak
soak: ## N random histories of the model, side by side (default 100000; about 90 s on 2 cores)
	@mkdir -p .build && go test -c -o .build/model.test .
	@shards=$$(getconf _NPROCESSORS_ONLN); pids=; failed=; \
	for shard in $$(seq $$shards); do \
		LAMBDACACHE_WORLDS=$$(($(N) / shards + 1)) .build/model.test -test.run '^TestModel$$' -test.v -test.timeout 1h & pids="$$pids $$!"; \
	done; \
	for pid in $$pids; do wait $$pid || failed=1; done; [ -z "$$failed" ]

.PHONY: e2e
e2e: ## the tests against moto, versitygw, dynalite, toxiproxy, @vercel/fun, serve-static and the aws CLI, installed into .tools/ if missing
	@tools/install.sh moto versitygw dynalite toxiproxy fun serve-static awscli
	cd e2e && $(TEST) $(PKG)

.PHONY: lint
lint: ## gofumpt, go mod tidy, go vet, staticcheck and golangci-lint, in every module
	@tools/install.sh gofumpt staticcheck golangci-lint
	@tools/lint.sh

.PHONY: bench
bench: ## benchmarks, summed up by benchstat (BENCH=regexp COUNT=n PKG=./...)
	@tools/install.sh benchstat
	@mkdir -p .build
	@for module in . $(filter benchmarks,$(MODULES)); do \
		(cd "$$module" && go test -run '^$$' -bench '$(BENCH)' -benchmem -count=$(COUNT) $(PKG)); \
	done | tee .build/bench.txt
	@.tools/bin/benchstat .build/bench.txt

.PHONY: bench-peers
bench-peers: ## compare with other libraries, write docs/performance.md (ROUNDS=n ONLY=regexp)
	@tools/install.sh peers
	@mkdir -p .build
	@cd benchmarks && go build -o ../.build/bench-peers ./cmd/bench-peers
	@cd benchmarks && ../.build/bench-peers -rounds '$(ROUNDS)' -only '$(ONLY)'

.PHONY: fuzz
fuzz: ## every fuzz target of every module, one after the other (FUZZTIME=10s each)
	@tools/fuzz.sh $(FUZZTIME)

.PHONY: demo
demo: ## run the demonstration: no AWS account, no server to install
	@cd examples/demo && go run .

.PHONY: fmt
fmt: ## format every Go file
	@tools/install.sh gofumpt
	@git ls-files -co --exclude-standard -z '*.go' | xargs -0 -r .tools/bin/gofumpt -l -w

.PHONY: tidy
tidy: ## go mod tidy in every module
	@tools/modules.sh go mod tidy

.PHONY: tools
tools: ## install every tool and server into .tools/
	@tools/install.sh

.PHONY: clean
clean: ## remove everything that was installed or built here
	rm -rf .tools .build
