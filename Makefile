# Two commands for newcomers: make demo, make test. Everything they need is made on first use.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready-$(shell cat pyproject.toml | cksum | cut -d' ' -f1)
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1

.PHONY: demo test check format unit service clients crash test-matrix storm soak bench clean

$(READY):
	@if command -v uv >/dev/null 2>&1; then \
	  uv venv -q --allow-existing --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" $(VENV) && \
	  uv pip install -q --python $(BIN)/python -e . --group dev; \
	else \
	  $(PYTHON) -c 'import sys; sys.exit("Eider needs Python 3.11 or newer") if sys.version_info < (3, 11) else None' && \
	  $(PYTHON) -m venv $(VENV) && $(BIN)/python -m pip install -q --upgrade "pip>=25.1" && \
	  $(BIN)/python -m pip install -q -e . --group dev; \
	fi
	@rm -f $(VENV)/.ready-*; touch $@

demo: $(READY)  ## a story in a temporary store
	@$(BIN)/eider demo

# The marks divide the tests: each is in one stage, as tests/unit/test_stages.py proves.
UNIT := not slow and not client and not crash
SERVICE := slow and not client and not crash
CLIENTS := client and not crash
CRASH := crash
RUN = @echo "== $@"; $(BIN)/python -m pytest --durations=5 --durations-min=5

# One after the other, also under make -j; the last lines are pytest's summary of the last stage, with its time.
test: $(READY)  ## everything: unit, service, clients, crash; fast tests first
	@for stage in unit service clients; do \
	  start=$$(date +%s); \
	  $(MAKE) --no-print-directory $$stage || exit 1; \
	  echo "== $$stage took $$(($$(date +%s) - start)) s"; \
	done
	@$(MAKE) --no-print-directory crash

unit: $(READY)  ## unit, property and contract tests, documentation
	$(RUN) -m "$(UNIT)"

service: $(READY)  ## owners and their clients, backups, a short storm and soak
	$(RUN) -m "$(SERVICE)"

clients: $(READY)  ## the real clients and gateways, fetched with npm on first use, offline after that
	$(RUN) -m "$(CLIENTS)"

crash: $(READY)  ## kills
	$(RUN) -m "$(CRASH)"

test-matrix: $(READY)  ## the adapters under the lowest and newest versions of their frameworks
	@$(BIN)/python tests/matrix.py $(MATRIX)

storm: $(READY)  ## kills and storms at full size
	$(RUN) tests/crash tests/service/test_storm.py

soak: $(READY)  ## 200,000 rows at full size
	$(RUN) tests/service/test_soak.py

storm soak: export EIDER_STORM := 1

check: $(READY)  ## format, lint, types, import contracts
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/pyright
	@$(BIN)/lint-imports

format: $(READY)
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

bench: $(READY)  ## BENCHMARKS.md
	@$(BIN)/python tests/bench/run.py $(if $(LARGE),machine recall writes outside learning growth disk large quality,$(ONLY))

clean:
	@rm -rf $(VENV) build dist .pytest_cache .ruff_cache .hypothesis
