# Jolly. Two commands matter: `make run` and `make test`. `make help` lists all.

GO    ?= go
SHELL := /bin/bash

# The kiosk's window: X11 alone (Fyne's Wayland driver has no touch), all
# updates through fyne.Do, no emoji font.
TAGS := x11,migrated_fynedo,no_emoji

# Builds do not depend on the directory, nor on being inside a git clone.
BUILD := -trimpath -buildvcs=false

# Packages whose code starts goroutines: tested under the race detector.
# test/arch fails when one is missing here.
RACED := kiosk/runner kiosk/machine kiosk/control kiosk/health \
         kiosk/scanner kiosk/terminal kiosk/sound kiosk/speech kiosk/cmd \
         printer/escpos printer/ipp printer/sim printer/printertest cardreader sync/outbox sync/push sync/client sync/gateway sync/cmd \
         test/rig test/faults test/powercut test/load

# Inputs that each fuzz target is given by `make fuzz`. A count and not a time:
# a slow machine tests as much as a fast one.
FUZZ := 3000x
# Where one input draws a whole page.
FUZZ_SLOW := 40x

# Without goroutines and with minutes of arithmetic under the race detector.
CALM := kiosk/scanner/picture kiosk/scanner/camera

calm    = $(addprefix %/,$(CALM))
raced   = $(filter-out $(calm),$(shell $(GO) list -tags ci $(patsubst %,./%/...,$(wildcard $(RACED)))))
unraced = $(filter-out $(raced),$(shell $(GO) list -tags ci ./...))

.PHONY: help run test build build-e2e setup-run setup-test check unit race fuzz powercut sim load e2e faults bench lint clean
.NOTPARALLEL:

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' Makefile | expand -t 10

run: setup-run build ## install what is missing, build, and start the demo: kiosk, gateway, simulators, dock
	bin/demo

test: setup-test check unit race fuzz powercut sim load build build-e2e e2e faults ## install what is missing and run every test

build: ## the real programs, into bin/
	$(GO) build $(BUILD) -tags $(TAGS) -o bin/ ./kiosk/cmd/... ./sync/cmd/...

# A kiosk that dies on command at a named step of the journal, for the tests of
# the restart. It is never shipped.
build-e2e: build
	$(GO) build $(BUILD) -tags $(TAGS),faultpoints -o bin/kiosk-faultpoints ./kiosk/cmd/kiosk

setup-run:
	@packaging/setup.sh run

setup-test:
	@packaging/setup.sh test

check: ## gofmt, go vet, and the shell's own reading of the scripts
	@for f in packaging/*.sh; do bash -n $$f || exit 1; done
	@unformatted=$$(gofmt -l assets cardreader kiosk printer sync test 2>/dev/null); \
	if [ -n "$$unformatted" ]; then echo "gofmt would change:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet -tags ci ./...
	$(GO) vet -tags ci,e2e,faultpoints ./test/... ./kiosk/machine/...

unit: ## the tests of all that starts no goroutine; no display needed
	$(GO) test -tags ci -timeout 10m $(unraced)

race: ## the tests of all that starts goroutines, under the race detector
	$(GO) test -tags ci -timeout 15m -race -shuffle on $(raced)

fuzz: ## a short run of every fuzz target
	@grep -rlE --include='*_test.go' '^func Fuzz' . | sort | while read -r file; do \
	  for target in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' $$file); do \
	    echo "fuzz $$(dirname $$file) $$target"; \
	    n=$(FUZZ); case $$file in ./printer/pdf/*) n=$(FUZZ_SLOW);; esac; \
	    $(GO) test -tags ci -run '^$$' -fuzz "^$$target\$$" -fuzztime $$n $$(dirname $$file) || exit 1; \
	  done; \
	done

# The seed of the three proofs below. `make test` plays the same world each time,
# so that a change that breaks it is to blame; another world is one word away:
# `make sim powercut faults SEED=$$RANDOM`.
SEED := 20261122

# Power cuts of the kiosk's book in a short run; a long one is
# `go run ./test/powercut -cuts 2000`.
CUTS := 150

powercut: ## cut the power of the kiosk's book at many moments, and of its recovery
	$(GO) run -tags ci ./test/powercut -cuts $(CUTS) -seed $(SEED)
	$(GO) run -tags ci ./test/powercut -cuts 50 -writers 8 -seed $(SEED)

sim: ## 100 simulated kiosks on the shipped cores, a million events, everything going wrong: no money lost, none taken twice
	$(GO) run ./test/sim -seed $(SEED) -events 1000000 -kiosks 100

# Short forms; ten thousand kiosks are
# `go run ./test/load -kiosks 10000 -rows 200 -db own-postgres`.
load: ## kiosks that come back all at once, on both databases, with kill -9 in the middle; and how much of the database the gateway uses
	dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && $(GO) run -tags ci ./test/load -kiosks 200 -rows 50 -db sqlite:$$dir/book.db -kill
	$(GO) run -tags ci ./test/load -kiosks 200 -rows 50 -db own-postgres -kill
	$(GO) run -tags ci ./test/load -kiosks 200 -rows 50 -db own-postgres -raw 60

e2e: ## the real programs in Xvfb, from the paper's code to the ledger, and cards in a real pcscd; after `make build-e2e`
	$(GO) test -tags e2e -count 1 -timeout 20m ./test/e2e/... ./test/cards/...

# A few of the cases; without -rounds it is each of them once.
faults: ## the real programs again: killed at every step, cut off, garbled, full; then the books are compared
	$(GO) run -tags ci ./test/faults -rounds 6 -seed $(SEED)

bench: ## how long a tap, a code, a visit and a receipt take
	$(GO) test -tags ci -run '^$$' -bench . -benchmem ./test/bench/... ./printer

lint: check ## check, and staticcheck (fetched when it is not there)
	$(GO) run honnef.co/go/tools/cmd/staticcheck@v0.7.0 -tags ci ./...

clean: ## remove what was built and what the demo left
	rm -rf bin out
