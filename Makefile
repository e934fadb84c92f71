# Everything here works with Go, make, git and a C compiler (for the race
# detector) and nothing else. Tools are pinned in go.mod and run by go itself.

GO      ?= go
VERSION := $(shell git describe --always --dirty 2>/dev/null || echo unknown)

# How long one run of the tests may take before go test ends it with the
# stacks of all goroutines, and more arguments for it (-v, -run ...).
TIMEOUT   ?= 20m
TESTFLAGS ?=

# Seconds for each fuzz target, and for all of them together.
FUZZ_SECONDS ?= 30
FUZZ_TOTAL   ?= 1800

.DEFAULT_GOAL := help

.PHONY: help
help: ## print this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## build the binaries into ./bin
	$(GO) build -trimpath -ldflags '-X main.version=$(VERSION)' -o bin/ ./cmd/fairlead
	@# Agents may fetch the executor for every task group: small, static, HTTP/1.1 only.
	CGO_ENABLED=0 $(GO) build -trimpath -tags nethttpomithttp2 -ldflags '-s -w -X main.version=$(VERSION)' -o bin/ ./cmd/fairlead-executor

.PHONY: demo
demo: build ## share a small cluster between two frameworks, with real processes
	./examples/paper/demo.sh

.PHONY: examples
examples: build ## run everything in ./examples, the demo too
	@set -e; for dir in examples/*/; do \
		scenarios=$$(find $$dir -maxdepth 1 -name '*.yaml' | sort); \
		if [ -n "$$scenarios" ]; then echo "== $$dir"; ./bin/fairlead simulate $$scenarios; fi; \
	done
	@set -e; for script in examples/*/*.sh; do echo "== $$script"; ./$$script; done

.PHONY: deps
deps: ## install what some tests need beside Go (a ZooKeeper), or say what that is
	./.ci/deps

.PHONY: test
test: deps ## run all tests with the race detector
	$(GO) test -race -timeout $(TIMEOUT) $(TESTFLAGS) ./...

# How many random histories, trees and clusters each of these tests draws.
CASES ?= 10000

.PHONY: random
random: ## hold CASES random histories against the second implementation, and more
	$(GO) test -timeout 0 $(TESTFLAGS) ./allocator -run '$(RANDOM_TESTS)' -rapid.checks $(CASES)
	$(GO) test -timeout 0 $(TESTFLAGS) ./drf -run 'Naive|FairShares|HDRF' -rapid.checks $(CASES)

RANDOM_TESTS = Model|Replay|Restored|SameHistory|SecondTick|Alike|Commute|ChangesNothing|Envy|Fairness|Held|Preemption

.PHONY: lint
lint: ## check format, vet, the rules of DESIGN.md, and staticcheck
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then echo "run gofmt -w on:" $$unformatted >&2; exit 1; fi
	$(GO) vet ./...
	$(GO) test ./internal/arch
	$(GO) tool staticcheck ./...

.PHONY: race
race: ## look harder for races: all tests five times, on one, two and four processors
	$(GO) test -race -timeout 60m -count 5 -cpu 1,2,4 $(TESTFLAGS) ./...

.PHONY: fuzz
fuzz: ## fuzz every target in turn (FUZZ_SECONDS each, FUZZ_TOTAL together)
	./.ci/fuzz $(FUZZ_SECONDS) $(FUZZ_TOTAL)

.PHONY: bench
bench: ## run all benchmarks
	$(GO) test -run '^$$' -bench . -benchmem -timeout 60m $(TESTFLAGS) ./...

.PHONY: proto
proto: ## generate Go from proto/*.proto
	$(GO) run ./internal/protogen

.PHONY: clean
clean: ## remove what the targets above have built
	rm -rf bin dist
