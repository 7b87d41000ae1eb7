# TaskFlow, from a clone: `make run` starts it, `make check test` judges it. Nothing has to be prepared but Python.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q --retries 5
# On two cores. Tests wait for locks, timers and programs about half as long as they compute.
JOBS ?= 3
# Their files are in memory where there is room, in KiB: SQLite and PostgreSQL make thousands and wait for each to be on disk.
IN_MEMORY = $(if $(TMPDIR),,$(shell \
  test "$$(df -Pk /dev/shm 2>/dev/null | awk 'END {print $$4}')" -gt $(1) 2>/dev/null && echo TMPDIR=/dev/shm || true))
PYTEST := $(BIN)/python -m pytest -n $(JOBS) --dist loadgroup
# pytest keeps the tests it has rewritten as bytecode; without that each process rewrites them anew, for ten seconds.
unexport PYTHONDONTWRITEBYTECODE
PATHS := $(wildcard src tests tools benchmarks examples)

##@ Use it

.PHONY: help
help: ## Show this help
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo

.PHONY: run
run: ## Set up and start the quickstart (PORT and DATABASE_URL are honoured)
	@$(MAKE) -s $(if $(findstring jobserver,$(MAKEFLAGS)),,-j2) .venv/.run-ready web WEB=--optional
	@cd examples/quickstart && exec ../../$(BIN)/taskflow dev quickstart:app --demo quickstart:demo

# Beside pip where `make run` calls it, so it uses only the standard library. WEB=--optional: the server starts without it.
WEB ?=
.PHONY: web
web: | $(BIN)/python ## Build the dashboard (NODE=/path/to/node; else one is found or fetched)
	@$(BIN)/python -m tools.build_dashboard $(WEB)

.PHONY: bench
bench: .venv/.dev-ready ## Measure this machine
	$(BIN)/taskflow bench

RUNS ?= 5
.PHONY: bench-compare
bench-compare: .venv/.dev-ready ## Measure it beside its peers: PEERS=taskflow,pgqueuer MEASURES=drain RUNS=5
	$(BIN)/python -m benchmarks.compare --runs $(RUNS) $(if $(PEERS),--peers $(PEERS)) \
	  $(if $(MEASURES),--measures $(MEASURES)) $(if $(BENCH_JOBS),--jobs $(BENCH_JOBS)) \
	  $(if $(FINISHED),--finished $(FINISHED))

.PHONY: bench-feed
bench-feed: .venv/.dev-ready ## What viewers of the live feed cost, beside a drain: STORE=postgres|sqlite
	$(BIN)/python -m benchmarks.feed --store $(STORE)

.PHONY: bench-dashboard
bench-dashboard: .venv/.dev-ready web ## How soon pages are there and show what happened, in a browser: STORE=postgres|sqlite JOBS_ENDED=1000000
	$(BIN)/python -m benchmarks.dashboard --store $(STORE) --jobs $(JOBS_ENDED)

.PHONY: profile explain
profile: .venv/.dev-ready ## Where a worker's processor time goes: STORE=postgres|sqlite
	$(BIN)/python -m benchmarks.profile_worker --store $(STORE)

explain: .venv/.dev-ready ## EXPLAIN (ANALYZE, BUFFERS) of every statement, as it was run: FINISHED=100000 ONLY=claim_jobs
	$(BIN)/python -m benchmarks.explain_postgres $(if $(FINISHED),--finished $(FINISHED)) $(if $(ONLY),--only $(ONLY))

##@ Judge it

.PHONY: test
test: .venv/.dev-ready ## Run every test
	$(call IN_MEMORY,6000000) $(PYTEST)

.PHONY: test-fast
test-fast: .venv/.dev-ready ## Run the tests that take no processes and no patience (at most a minute)
	$(call IN_MEMORY,3000000) $(PYTEST) --dist load -m "not slow" --hypothesis-profile quick \
	  --ignore tests/faults --ignore tests/poolers --ignore tests/browser --durations 10 --durations-min 1

.PHONY: test-matrix
test-matrix: .venv/.dev-ready ## Conformance on every Python and database version that can be had here: ONLY="3.12 SQLite"
	$(BIN)/python -m tools.test_matrix --jobs $(JOBS) $(ONLY)

.PHONY: check check-format check-lint check-types check-layers check-rules check-dashboard
check: check-format check-lint check-types check-layers check-rules check-dashboard ## Format, lint, types, layers, budgets, queries, words, dead names, dashboard (make -k check shows all)

check-format: .venv/.dev-ready
	$(BIN)/ruff format --check --output-format concise $(PATHS)

check-lint: .venv/.dev-ready
	$(BIN)/ruff check --output-format concise $(PATHS)

check-types: .venv/.dev-ready
	$(BIN)/mypy

check-layers: .venv/.dev-ready
	PYTHONPATH=src $(BIN)/lint-imports --no-cache --no-logo

check-rules: .venv/.dev-ready
	$(BIN)/python -m tools.check_budgets
	$(BIN)/python -m tools.check_queries
	$(BIN)/python -m tools.check_functions
	$(BIN)/python -m tools.check_source
	$(BIN)/python -m tools.check_words
	$(BIN)/vulture

check-dashboard: .venv/.dev-ready
	$(BIN)/python -m tools.check_dashboard

##@ Try to break it (docs/reliability.md says what must hold)

STORE ?= postgres
JOBS_ENDED ?= 1000000
SECONDS ?= 60
SEEDS ?= 20
MINUTES ?= 10

.PHONY: simulate chaos soak fuzz check-checkers
simulate: .venv/.dev-ready ## Seeds of the simulation: STORE=model|sqlite|postgres SEED=1 SEEDS=20
	$(BIN)/python -m tests.simulation --store $(STORE) --seeds $(SEEDS) --seed $(or $(SEED),1)

chaos: .venv/.dev-ready ## Kill, pause, cut and fill the shipped programs: SECONDS=60 SEED=… STORE=postgres|sqlite
	$(BIN)/python -m tests.chaos --store $(STORE) --seconds $(SECONDS) $(if $(SEED),--seed $(SEED))

soak: .venv/.dev-ready ## Steady load beside a large history: MINUTES=10 STORE=postgres|sqlite
	$(BIN)/python -m tests.soak --store $(STORE) --minutes $(MINUTES)

fuzz: .venv/.dev-ready ## Requests and parsers with made-up input: MINUTES=10, or one round again with SEED=…
	$(BIN)/python -m tests.fuzz --minutes $(MINUTES) $(if $(SEED),--seed $(SEED))

check-checkers: .venv/.dev-ready ## Prove with mutants that the tests notice mistakes
	$(BIN)/python -m tools.check_checkers

##@ Change it

.PHONY: fmt
fmt: .venv/.dev-ready ## Format, and repair what the linter can repair
	$(BIN)/ruff check --fix-only $(PATHS)
	$(BIN)/ruff format $(PATHS)
	$(BIN)/python -m tools.check_dashboard --write

.PHONY: api-types
api-types: .venv/.dev-ready ## Write the dashboard's types of the API from its description
	$(BIN)/python -m tools.api_types

.PHONY: lock
lock: .venv/.dev-ready ## Write the lock files from pyproject.toml (UPGRADE=1 takes newer versions)
	$(LOCK) pyproject.toml --group build --extra all --extra examples -o requirements.txt
	$(LOCK) pyproject.toml --group dev --all-extras -c requirements.txt -o requirements-dev.txt
	$(LOCK) --group node -o requirements-node.txt

SCREENSHOTS ?= build/screenshots
.PHONY: screenshots
screenshots: .venv/.dev-ready ## Pictures of every page of the dashboard: SCREENSHOTS=folder SERVER=http://running
	$(BIN)/python -m tests.browser.screenshots $(SCREENSHOTS) $(if $(SERVER),--url $(SERVER))

.PHONY: readme-pictures
readme-pictures: .venv/.dev-ready ## The pictures of the README, of the demo, into docs/images
	$(BIN)/python -m tests.browser.readme_pictures

.PHONY: wheel
wheel: .venv/.dev-ready web ## Build the wheel into dist/
	$(BIN)/python -m build --wheel --no-isolation

.PHONY: clean
clean: ## Remove what builds and tools leave behind (the environments are .venv*: remove them by hand)
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find src tests tools benchmarks examples -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

# Versions for every Python from 3.11 on and every system, with hashes, and no word of where they came from.
LOCK = $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header \
  --no-emit-index-url --no-emit-find-links --quiet $(if $(UPGRADE),--upgrade)

# ---------------------------------------------------------------------------------------------- environment
# Two stamps: `make run` installs only what the program needs, everything else also the tools.

PYTHONS := $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11

$(BIN)/python:
	@for python in $(PYTHONS); do \
	  if "$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    echo "Setting up .venv with $$("$$python" --version)"; \
	    exec "$$python" -m venv --clear .venv; \
	  fi; \
	done; \
	echo "TaskFlow needs Python 3.11 or newer with its venv module, and found none among: $(strip $(PYTHONS))." >&2; \
	echo "Install one (on Debian and Ubuntu: apt-get install python3 python3-venv), or name it: make PYTHON=/path/to/python" >&2; \
	exit 1

.venv/.run-ready: pyproject.toml requirements.txt | $(BIN)/python
	@echo "Installing TaskFlow into .venv"
	@$(PIP) install --prefer-binary --require-hashes -r requirements.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q src examples
	@touch $@

.venv/.dev-ready: pyproject.toml requirements.txt requirements-dev.txt | $(BIN)/python
	@echo "Installing TaskFlow and its development tools into .venv"
	@$(PIP) install --prefer-binary --require-hashes -r requirements-dev.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q src examples
	@touch .venv/.run-ready $@
