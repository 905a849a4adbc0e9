# Two commands for newcomers: make demo, make test. Everything they need is made on first use.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SUM := $(shell cksum < pyproject.toml | cut -d' ' -f1)
BASE := $(VENV)/.base-$(SUM)
READY := $(VENV)/.ready-$(SUM)
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1
unexport PYTHONDONTWRITEBYTECODE  # each of a thousand processes would compile Eider anew

.PHONY: demo docs test check format unit service clients crash test-matrix lock nightly storm soak bench clean

# What a user installs is enough for the demo; tests and checks add the frameworks, clients and tools.
INSTALL = $(if $(shell command -v uv 2>/dev/null),uv pip install -q --python $(BIN)/python,$(BIN)/python -m pip install -q)

$(BASE):
	@if command -v uv >/dev/null 2>&1; then \
	  uv venv -q --allow-existing --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" $(VENV); \
	else \
	  $(PYTHON) -c 'import sys; sys.exit("Eider needs Python 3.11 or newer") if sys.version_info < (3, 11) else None' && \
	  $(PYTHON) -m venv $(VENV) && $(BIN)/python -m pip install -q --upgrade "pip>=25.1"; \
	fi
	@$(INSTALL) -e .
	@rm -f $(VENV)/.base-*; touch $@

$(READY): $(BASE)
	@$(INSTALL) -e . --group dev
	@rm -f $(VENV)/.ready-*; touch $@

demo: $(BASE)  ## a story in a temporary store
	@$(BIN)/eider demo

# The marks divide the tests: each is in one stage.
UNIT := not slow and not client and not crash
SERVICE := slow and not client and not crash
CLIENTS := client and not crash
CRASH := crash
# Only files that name a mark have tests of its stage (conftest.py holds that): reading all of them takes 15 seconds.
NAMING = $(shell grep -rl --include='*.py' 'mark\.$(1)' tests | sort)
WORKERS ?= 2
SPREAD := -n $(WORKERS) --dist worksteal
RUN = @echo "== $@"; $(BIN)/python -m pytest --durations=10 --durations-min=1

# Two stages at a time, as one that waits for processes leaves room for one that computes. What a stage says comes when
# it has ended, its time in its last line. All are run when one fails, and then the whole fails.
TOGETHER := -j2 -k $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)
test: $(READY)  ## everything: unit, service, clients, crash
	@$(MAKE) --no-print-directory $(TOGETHER) unit service clients crash

unit: $(READY)  ## unit, property and contract tests, documentation
	$(RUN) $(SPREAD) -m "$(UNIT)"

service: $(READY)  ## servers and their clients, backups, a short storm and soak
	$(RUN) -m "$(SERVICE)" $(call NAMING,slow)

clients: $(READY)  ## the real clients and gateways, fetched with npm on first use, offline after that
	$(RUN) -m "$(CLIENTS)" tests/clients

crash: $(READY)  ## kills
	$(RUN) -m "$(CRASH)" $(call NAMING,crash)

test-matrix: $(READY)  ## the adapters under the lowest and newest versions of their frameworks
	@$(BIN)/python tests/matrix.py $(MATRIX)

lock: $(BASE)  ## dev.lock anew: the newest versions that fit each other
	@$(BIN)/python tests/lock.py

# Every change is tested at a size that takes minutes, every night at full size:
#   Hypothesis     300 random examples a test instead of 40 that are always the same (conftest.py); a share of them where
#                  an example opens stores
#   kills          1,000 of the truth instead of 60, 360 of the index instead of 16, 24 at each label instead of 3
#                  (tests/crash/test_kills.py), 60 of an installation instead of 6 (tests/install/test_install_kills.py)
#   linear reading 20,000 and 80,000 characters of every sort instead of 2,000 and 8,000 (tests/property/test_linear_reading.py)
#   real messages  all of them said, instead of every fourth to the embedded store (tests/property/test_writes_never_fail.py)
#                  and every eighth to PostgreSQL (tests/postgres/test_laws.py)
#   power cuts     200 moments instead of 24 (tests/crash/test_power_cuts.py)
#   storm          120 s with at least 20 dead servers instead of 12 s with 2 (tests/service/test_storm.py)
#   growth         5,000 calls of adapters instead of 150 (tests/adapters/test_growth.py)
#   soak           200,000 rows instead of 8,000 (tests/service/test_soak.py)
nightly: test  ## everything at full size

storm: $(READY)  ## kills and storms at full size
	$(RUN) tests/crash tests/install/test_install_kills.py tests/service/test_storm.py

soak: $(READY)  ## 200,000 rows at full size
	$(RUN) tests/service/test_soak.py

nightly storm soak: export EIDER_NIGHTLY := 1

check: $(READY) docs  ## format, lint, types, import contracts, documentation
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/pyright
	@$(BIN)/lint-imports

docs: $(READY)  ## the documentation site, in build/site; a link that leads nowhere is an error
	@$(BIN)/python docs/site/generate.py build/pages
	@$(BIN)/zensical build --strict

format: $(READY)
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

bench: $(READY)  ## BENCHMARKS.md
	@$(BIN)/python tests/bench/run.py $(if $(LARGE),machine recall writes outside learning growth disk large nomination quality,$(ONLY))

clean:
	@rm -rf $(VENV) build dist .pytest_cache .ruff_cache .hypothesis
