# Jolly. Two commands matter: `make run` and `make test`. `make help` lists all.

GO    ?= go
SHELL := /bin/bash

# The kiosk's window: X11 alone (Fyne's Wayland driver has no touch), all
# updates through fyne.Do, no emoji font.
TAGS := x11,migrated_fynedo,no_emoji

# Builds do not depend on the directory, nor on being inside a git clone. Tests
# are built the same way: what one step has compiled serves the next one.
BUILD := -trimpath -buildvcs=false

# Tests need no window, and no go vet of their own: that is `make check`. Many of
# them wait, for a disk or for a device that is late, so that two packages for a
# processor are tested at a time.
TEST := -tags ci -vet=off -p $(shell echo $$((2 * $$(nproc))))

# SQLite is C that was translated to Go: it has its own memory, its own locks and
# its own tests. The race detector looks at all that calls it, and is three times
# as fast.
RACE := -race -gcflags=modernc.org/sqlite/lib=-race=false

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

.PHONY: help run test build build-e2e setup-run setup-test check unit race fuzz fuzz-one powercut sim load e2e faults bench lint clean
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
	$(GO) vet $(BUILD) -tags ci ./...
	$(GO) vet $(BUILD) -tags ci,e2e,faultpoints ./test/... ./kiosk/machine/...

unit: ## the tests of all that starts no goroutine; no display needed
	$(GO) test $(BUILD) $(TEST) -timeout 10m $(unraced)

race: ## the tests of all that starts goroutines, under the race detector
	$(GO) test $(TEST) $(RACE) -timeout 15m -shuffle on $(raced)

fuzz: ## a short run of every fuzz target, as many packages at a time as there are processors
	@grep -rlE --include='*_test.go' '^func Fuzz' . | xargs -n 1 dirname | sort -u | \
	xargs -P $$(nproc) -I DIR $(MAKE) --no-print-directory fuzz-one PKG=DIR

# One program for all targets of a package, and one worker for each target.
fuzz-one:
	@program=$$(mktemp) && trap 'rm -f "$$program"' EXIT && \
	$(GO) test $(TEST) -fuzz . -c -o "$$program" $(PKG) && \
	cache=$$($(GO) env GOCACHE)/fuzz/$$($(GO) list -tags ci $(PKG)) && cd $(PKG) && \
	for target in $$("$$program" -test.list '^Fuzz'); do \
	  n=$(FUZZ); case $(PKG) in ./printer/pdf) n=$(FUZZ_SLOW);; esac; \
	  said=$$("$$program" -test.run '^$$' -test.fuzz "^$$target\$$" -test.fuzztime $$n -test.parallel 1 -test.fuzzcachedir "$$cache" 2>&1) || \
	    { echo "$$said"; echo "FAIL $(PKG) $$target"; exit 1; }; \
	  echo "ok $(PKG) $$target $$n"; \
	done

# The seed of the three proofs below. `make test` plays the same world each time,
# so that a change that breaks it is to blame; another world is one word away:
# `make sim powercut faults SEED=$$RANDOM`.
SEED := 20261122

# Power cuts of the kiosk's book in a short run; a long one is
# `go run ./test/powercut -cuts 2000`.
CUTS := 150

powercut: ## cut the power of the kiosk's book at many moments, and of its recovery
	$(GO) run $(BUILD) -tags ci ./test/powercut -cuts $(CUTS) -seed $(SEED)
	$(GO) run $(BUILD) -tags ci ./test/powercut -cuts 50 -writers 8 -seed $(SEED)

sim: ## 100 simulated kiosks on the shipped cores, a million events, everything going wrong: no money lost, none taken twice
	$(GO) run ./test/sim -seed $(SEED) -events 1000000 -kiosks 100

# Short forms; ten thousand kiosks are
# `go run ./test/load -kiosks 10000 -rows 200 -db own-postgres`.
load: ## kiosks that come back all at once, on both databases, with kill -9 in the middle; and how much of the database the gateway uses
	dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && $(GO) run $(BUILD) -tags ci ./test/load -kiosks 200 -rows 50 -db sqlite:$$dir/book.db -kill
	$(GO) run $(BUILD) -tags ci ./test/load -kiosks 200 -rows 50 -db own-postgres -kill
	$(GO) run $(BUILD) -tags ci ./test/load -kiosks 200 -rows 50 -db own-postgres -raw 60

# A hand on the glass waits more than it works: three tests for a processor.
e2e: ## the real programs in Xvfb, from the paper's code to the ledger, and cards in a real pcscd; after `make build-e2e`
	$(GO) test $(BUILD) -tags e2e -vet=off -parallel $$((3 * $$(nproc))) -count 1 -timeout 20m ./test/e2e/... ./test/cards/...

# A few of the cases; without -rounds it is each of them once.
faults: ## the real programs again: killed at every step, cut off, garbled, full; then the books are compared
	$(GO) run $(BUILD) -tags ci ./test/faults -rounds 6 -seed $(SEED)

bench: ## how long a tap, a code, a visit and a receipt take
	$(GO) test -tags ci -run '^$$' -bench . -benchmem ./test/bench/... ./printer

lint: check ## check, and staticcheck (fetched when it is not there)
	$(GO) run honnef.co/go/tools/cmd/staticcheck@v0.7.0 -tags ci ./...

clean: ## remove what was built and what the demo left
	rm -rf bin out
