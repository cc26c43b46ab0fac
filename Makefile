# Everything there is to do with Tocsin, in one word each; `make help` lists them. On a fresh Debian 12
# with git and make, `make run` and `make test` install what they need with apt and go on.
#
# Variables: CXX (g++), PREFIX (/usr/local), DESTDIR, TESTS (ctest selection, "-R e2e_push"),
# LINT_BASE (lint only what changed since that commit), FUZZ_SECONDS (60), SKIP_DEPS=1 (leave the
# system's packages alone), LOAD_FLAGS (what `make load-test` does), UNITY (ON; OFF for a tree to develop in: each source is compiled alone).
SHELL := /bin/bash
.DEFAULT_GOAL := build
.NOTPARALLEL:

PREFIX ?= /usr/local
FUZZ_SECONDS ?= 60
UNITY ?= ON
TESTS ?=

# What the build needs: compiler, libraries, and the test and benchmark libraries that CMake looks for.
BUILD_PACKAGES := g++ cmake ninja-build pkg-config \
  prometheus-cpp-dev libcivetweb-dev libyaml-cpp-dev libre2-dev libcurl4-openssl-dev libssl-dev libfmt-dev \
  libspdlog-dev nlohmann-json3-dev libsimdjson-dev libsqlite3-dev libpqxx-dev libcli11-dev libxxhash-dev zlib1g-dev \
  libsodium-dev libhowardhinnant-date-dev libcairo2-dev tzdata \
  libgtest-dev libgmock-dev libbenchmark-dev
TEST_PACKAGES := python3 openssl curl
LINT_PACKAGES := clang clang-format clang-tidy lld llvm libclang-rt-14-dev
# Real programs the end-to-end tests talk to: unpacked under build/peers, never installed, so that no
# service of theirs starts on this machine.
PEER_PACKAGES := prometheus prometheus-node-exporter prometheus-pushgateway prometheus-alertmanager \
  python3-prometheus-client python3-decorator python3-aiosmtpd python3-public python3-attr python3-websockets \
  python3-jsonschema python3-pyrsistent python3-hypothesis python3-sortedcontainers \
  nginx postgresql-15 libpq5 libxml2 libicu72
SCREENSHOT_PACKAGES := chromium fonts-noto-core fonts-noto-color-emoji

SOURCE_DIRS := base config evaluator exporter receivers tests
# One more than there are cores: end-to-end tests wait most of their time.
CTEST = ctest --output-on-failure -j $(shell expr $$(nproc) + 1) $(TESTS)
CONFIGURE = cmake -S . -G Ninja -DTOCSIN_UNITY=$(UNITY)
REQUIRE_PEERS := TOCSIN_REQUIRE_PEERS=1

.PHONY: build all-targets run demo load-test test e2e e2e-long lint format format-check asan tsan clang fuzz bench screenshots \
  verify install deps deps-test deps-lint peers clean help

help: ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

# --- the program ---

build: deps build/build.ninja ## build the daemon: build/tocsin
	cmake --build build --target tocsin

run: build ## start the daemon on examples/quickstart
	exec build/tocsin --config.file=examples/quickstart/tocsin.yml --storage.path=build/quickstart-data

demo: build ## a tour of half a minute: a daemon of its own, rules, metrics, alerts, history
	python3 -B examples/tour/demo.py

load-test: build ## load on a daemon of its own, measured; LOAD_FLAGS="--help" tells what can be said
	python3 -B examples/tour/load_test.py $(LOAD_FLAGS)

install: build ## install below PREFIX (and DESTDIR)
	install -D -m 755 build/tocsin $(DESTDIR)$(PREFIX)/bin/tocsin
	install -d $(DESTDIR)$(PREFIX)/share/tocsin $(DESTDIR)$(PREFIX)/share/doc/tocsin
	cp -R rules.d $(DESTDIR)$(PREFIX)/share/tocsin/
	cp -R README.md LICENSE examples $(DESTDIR)$(PREFIX)/share/doc/tocsin/

# --- tests ---

test: all-targets deps-test peers ## build everything and run every test
	$(REQUIRE_PEERS) $(CTEST) --test-dir build

e2e: all-targets deps-test peers ## only the end-to-end tests
	$(REQUIRE_PEERS) $(CTEST) --test-dir build -L e2e

e2e-long: all-targets deps-test peers ## the end-to-end tests with their long loops
	$(REQUIRE_PEERS) TOCSIN_LONG=1 $(CTEST) --test-dir build -L e2e

all-targets: deps build/build.ninja
	cmake --build build

bench: deps build/build.ninja ## run the benchmarks
	cmake --build build --target benchmarks
	@set -e; for program in build/bench_*; do "$$program"; done

screenshots: build peers ## pictures of the HTML mail in headless Chromium, for people to look at
	@$(if $(SKIP_DEPS),,command -v chromium >/dev/null || .ci/packages install $(SCREENSHOT_PACKAGES))
	python3 -B tests/mail_screenshots.py

# --- checks ---

lint: deps deps-lint build/tidy/build.ninja ## clang-tidy, of everything or of what changed since LINT_BASE
	.ci/tidy build/tidy $(LINT_BASE)

format: deps-lint ## format the sources in place
	find $(SOURCE_DIRS) -name '*.h' -o -name '*.cc' | xargs clang-format -i

format-check: deps-lint ## tell what `make format` would change
	find $(SOURCE_DIRS) -name '*.h' -o -name '*.cc' | xargs clang-format --dry-run -Werror

asan: deps deps-test deps-lint build/asan/build.ninja ## tests under AddressSanitizer and UBSan
	cmake --build build/asan
	LSAN_OPTIONS="suppressions=$(CURDIR)/.ci/lsan.supp $(LSAN_OPTIONS)" $(CTEST) --test-dir build/asan

tsan: deps deps-test deps-lint build/tsan/build.ninja ## tests under ThreadSanitizer
	cmake --build build/tsan
	TSAN_OPTIONS="suppressions=$(CURDIR)/.ci/tsan.supp $(TSAN_OPTIONS)" $(CTEST) --test-dir build/tsan

clang: deps deps-test deps-lint build/clang/build.ninja ## build with clang and its thread-safety analysis, and test
	cmake --build build/clang
	$(CTEST) --test-dir build/clang

fuzz: deps deps-lint build/fuzz/build.ninja ## fuzz every parser for FUZZ_SECONDS
	.ci/fuzz build/fuzz $(FUZZ_SECONDS)

verify: test format-check clang asan tsan lint fuzz e2e-long ## everything; run it before calling work done

# --- set-up ---

deps: ## install what the build needs
	@$(if $(SKIP_DEPS),,.ci/packages install $(BUILD_PACKAGES))

deps-test: ## install what the tests need
	@$(if $(SKIP_DEPS),,.ci/packages install $(TEST_PACKAGES))

deps-lint: ## install what format, lint, clang and fuzz need
	@$(if $(SKIP_DEPS),,.ci/packages install $(LINT_PACKAGES))

peers: ## unpack the real programs that tests talk to under build/peers
	@.ci/packages unpack build/peers $(PEER_PACKAGES)

clean: ## remove everything that was built
	rm -rf build

# --- build trees; ninja itself runs CMake again when a CMake file changes ---

build/build.ninja:
	$(CONFIGURE) -B build -DCMAKE_CXX_COMPILER=$(CXX)

# Clang, unoptimised: a third of the time that g++ -O2 takes with these checks.
build/asan/build.ninja:
	$(CONFIGURE) -B build/asan -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_BUILD_TYPE=Debug \
	  -DTOCSIN_SANITIZE=address,undefined

build/tsan/build.ninja:
	$(CONFIGURE) -B build/tsan -DCMAKE_CXX_COMPILER=clang++ -DTOCSIN_SANITIZE=thread

build/clang/build.ninja:
	$(CONFIGURE) -B build/clang -DCMAKE_CXX_COMPILER=clang++

build/fuzz/build.ninja:
	$(CONFIGURE) -B build/fuzz -DCMAKE_CXX_COMPILER=clang++ -DTOCSIN_FUZZ=ON

# Only configured, for its compile commands. Without precompiled headers, so that clang-tidy reads each
# file as it stands.
build/tidy/build.ninja:
	$(CONFIGURE) -B build/tidy -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON \
	  -DTOCSIN_UNITY=OFF
