# `make` alone prints what there is. `make demo` and `make test` set up all they need.
SHELL := /bin/bash
.DEFAULT_GOAL := help

VERSION ?= 0.1.0-dev
COMMIT  ?= $(shell git rev-parse --short HEAD 2>/dev/null || echo unknown)
DATE    ?= $(shell git log -1 --format=%cI 2>/dev/null || echo unknown)
PKG     := github.com/linnet-delivery/linnet/pkg/version
LDFLAGS := -s -w -X $(PKG).Version=$(VERSION) -X $(PKG).Commit=$(COMMIT) -X $(PKG).Date=$(DATE)

GOLANGCI := go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

DEMO_LAB ?= demo
E2E_LAB  ?= e2e
T2_LAB   ?= t2
CHART_LAB ?= chart
# A run of all tests must have used every right that Linnet has.
E2E_ARGS ?= -every-right
LAB      := bin/lab

##@ For everybody
.PHONY: help
help: ## Print this
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z0-9-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: lab build ## Build and start the lab, install Linnet, ship a good and a bad version under load
	$(LAB) build
	$(LAB) up $(DEMO_LAB)
	./e2e/install.sh $(DEMO_LAB)
	CGO_ENABLED=0 go build -C e2e -trimpath -o ../bin/demo ./demo
	$(LAB) exec $(DEMO_LAB) -- bin/demo $(DEMO_ARGS)

.PHONY: demo-down
demo-down: lab ## Remove everything that `make demo` made, the build cache excepted
	$(LAB) down $(DEMO_LAB)

.PHONY: test
test: lab build ## Unit, property and crash-point tests (T0, T1), then those on a real API server (T2)
	go test ./...
	go test -C artifacts/crd/admission -count=1 ./...
	go test -C e2e/lab ./...
	go test -C e2e ./framework/... ./demo/... ./dashboards/... ./zerodowntime/causes/...
	go test -C e2e -count=1 ./conformance/...
	go test -C e2e/chart -count=1 ./...
	$(LAB) build --only kubernetes
	$(LAB) up $(T2_LAB) --only apiserver
	go test -C e2e -count=1 -exec "$(CURDIR)/$(LAB) exec $(T2_LAB) --" ./apiserver/...; status=$$?; $(LAB) down $(T2_LAB); exit $$status

.PHONY: e2e
e2e: lab build ## The tests on the lab (T3): real mesh, real load
	$(LAB) build
	$(LAB) up $(E2E_LAB)
	./e2e/install.sh $(E2E_LAB)
	go test -C e2e -count=1 -v -timeout 50m -exec "$(CURDIR)/$(LAB) exec $(E2E_LAB) --" . -args -lab $(E2E_LAB) -lab-program $(CURDIR)/$(LAB) $(E2E_ARGS); status=$$?; $(LAB) down $(E2E_LAB); exit $$status

.PHONY: bench
bench: lab build ## Print the figures of a release on the lab: requests by verb and resource, 5 minutes of idleness, time to roll back
	$(LAB) build
	$(LAB) up $(E2E_LAB)
	./e2e/install.sh $(E2E_LAB)
	go test -C e2e -count=1 -v -timeout 50m -run 'AnIdle|AReleaseWrites|TrafficIsBack' -exec "$(CURDIR)/$(LAB) exec $(E2E_LAB) --" . -args -lab $(E2E_LAB) -lab-program $(CURDIR)/$(LAB) -idle 5m; status=$$?; $(LAB) down $(E2E_LAB); exit $$status

.PHONY: bench-zero-downtime
bench-zero-downtime: lab build ## Count the requests that an update loses: a rolling update and Linnet, side by side
	$(LAB) build
	$(LAB) up $(E2E_LAB)
	./e2e/install.sh $(E2E_LAB)
	go test -C e2e -count=1 -v -timeout 50m -exec "$(CURDIR)/$(LAB) exec $(E2E_LAB) --" ./zerodowntime -args $(BENCH_ARGS); status=$$?; $(LAB) down $(E2E_LAB); exit $$status

.PHONY: chart-e2e
chart-e2e: lab build ## Install the charts into a lab: value sets, Pod Security, upgrade and uninstall
	$(LAB) build
	$(LAB) up $(CHART_LAB)
	LINNET_INSTALL=chart ./e2e/install.sh $(CHART_LAB)
	go test -C e2e/chart -count=1 -v -exec "$(CURDIR)/$(LAB) exec $(CHART_LAB) --" ./onlab -args -lab; status=$$?; $(LAB) down $(CHART_LAB); exit $$status

##@ For contributors
.PHONY: build
build: ## Build the controller into bin/
	CGO_ENABLED=0 go build -trimpath -ldflags "$(LDFLAGS)" -o bin/ ./cmd/...

.PHONY: lab
lab: ## Build the lab program into bin/
	@mkdir -p bin
	CGO_ENABLED=0 go build -C e2e/lab -trimpath -o ../../bin/lab .

.PHONY: race
race: ## The tests of `go test ./...` under the race detector, in random order
	go test -race -shuffle=on ./...

.PHONY: generate
generate: ## Regenerate deep copies and custom resource definitions
	go generate ./pkg/apis/...
	go generate ./docs/internal/apidoc
	cp artifacts/crd/flagger.app_*.yaml charts/linnet/files/crds/

.PHONY: verify
verify: generate ## Fail when generated files are not up to date
	git diff --exit-code -- pkg/apis artifacts/crd docs/api.md charts/linnet/files/crds

.PHONY: lint
lint: ## Run the linters
	$(GOLANGCI) run ./...

.PHONY: fuzz
fuzz: ## Fuzz the parsers for a minute each
	go test -run '^$$' -fuzz FuzzAnswer -fuzztime 60s ./pkg/metrics
