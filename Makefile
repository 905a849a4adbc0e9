# Two commands for newcomers: make demo, make test. Everything they need is made on first use.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready-$(shell cat pyproject.toml | cksum | cut -d' ' -f1)
export PYTHONDONTWRITEBYTECODE ?= 1
export OMP_NUM_THREADS ?= 2
export OPENBLAS_NUM_THREADS ?= 2

.PHONY: demo test check format unit crash storm bench clean

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

test: unit crash  ## everything; fast tests first

unit: $(READY)
	@$(BIN)/python -m pytest -m "not crash and not slow"

crash: $(READY)
	@$(BIN)/python -m pytest -m "crash or slow"

storm: $(READY)  ## the crash and isolation tests at full size
	@EIDER_STORM=1 $(BIN)/python -m pytest -m "crash or slow"

check: $(READY)  ## format, lint, types, import contracts
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/pyright
	@$(BIN)/lint-imports

format: $(READY)
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

bench: $(READY)  ## BENCHMARKS.md
	@$(BIN)/python tests/bench/run.py $(if $(LARGE),--large)

clean:
	@rm -rf $(VENV) build dist .pytest_cache .ruff_cache .hypothesis
