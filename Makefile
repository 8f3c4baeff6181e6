# `make` alone prints what there is. `make demo` and `make test` set up all they need.
SHELL := /bin/bash
.DEFAULT_GOAL := help

VERSION ?= 0.1.0-dev
COMMIT  ?= $(shell git rev-parse --short HEAD 2>/dev/null || echo unknown)
DATE    ?= $(shell git log -1 --format=%cI 2>/dev/null || echo unknown)
PKG     := github.com/linnet-delivery/linnet/pkg/version
LDFLAGS := -s -w -X $(PKG).Version=$(VERSION) -X $(PKG).Commit=$(COMMIT) -X $(PKG).Date=$(DATE)

CONTROLLER_GEN := go run sigs.k8s.io/controller-tools/cmd/controller-gen@v0.23.0
GOLANGCI       := go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

DEMO_LAB ?= demo
E2E_LAB  ?= e2e
T2_LAB   ?= t2
LAB      := bin/lab

##@ For everybody
.PHONY: help
help: ## Print this
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z0-9-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(LAB) build ## Build and start the lab, install Linnet, ship a good and a bad version under load
	$(LAB) build
	$(LAB) up $(DEMO_LAB)
	./e2e/install.sh $(DEMO_LAB)
	cd e2e && CGO_ENABLED=0 go build -trimpath -o ../bin/demo ./demo
	$(LAB) exec $(DEMO_LAB) -- bin/demo $(DEMO_ARGS)

.PHONY: demo-down
demo-down: $(LAB) ## Remove everything that `make demo` made, the build cache excepted
	$(LAB) down $(DEMO_LAB)

.PHONY: test
test: $(LAB) ## Unit, property and crash-point tests, then those on a real API server
	go test -race -shuffle=on ./...
	$(LAB) build --only kubernetes
	$(LAB) up $(T2_LAB) --only apiserver
	$(LAB) exec $(T2_LAB) -- go test -C e2e -count=1 ./apiserver/...; status=$$?; $(LAB) down $(T2_LAB); exit $$status

.PHONY: e2e
e2e: $(LAB) build ## The tests on the lab: real mesh, real load
	$(LAB) build
	$(LAB) up $(E2E_LAB)
	./e2e/install.sh $(E2E_LAB)
	cd e2e && CGO_ENABLED=0 go test -c -o ../bin/e2e.test .
	$(LAB) exec $(E2E_LAB) -- bin/e2e.test -test.v -test.timeout 40m -lab $(E2E_LAB) $(E2E_ARGS); status=$$?; $(LAB) down $(E2E_LAB); exit $$status

##@ For contributors
.PHONY: build
build: ## Build the controller into bin/
	CGO_ENABLED=0 go build -trimpath -ldflags "$(LDFLAGS)" -o bin/ ./cmd/...

.PHONY: $(LAB)
$(LAB):
	@mkdir -p bin
	CGO_ENABLED=0 go build -C e2e/lab -trimpath -o ../../bin/lab .

.PHONY: generate
generate: ## Regenerate deep copies and custom resource definitions
	$(CONTROLLER_GEN) object paths=./pkg/apis/...
	$(CONTROLLER_GEN) crd paths=./pkg/apis/... output:crd:dir=artifacts/crd

.PHONY: verify
verify: generate ## Fail when generated files are not up to date
	git diff --exit-code -- pkg/apis artifacts/crd

.PHONY: lint
lint: ## Run the linters
	$(GOLANGCI) run ./...

.PHONY: fuzz
fuzz: ## Fuzz the parsers for a minute each
	go test -run '^$$' -fuzz FuzzAnswer -fuzztime 60s ./pkg/metrics
