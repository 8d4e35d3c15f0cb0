# make demo   see the whole job in about a minute, no key needed
# make test   format, lint, types, import contracts, documentation, tests
# make test-integrations   the real LiteLLM proxy (700 MB, in an environment of its own)
# All build .venv themselves from a plain Python 3.11 or newer, with uv where it is on PATH.

PYTHON ?= $(firstword $(foreach python,python3.11 python3.12 python3.13 python3.14 python3,$(if $(shell $(python) -c 'import sys; print(sys.version_info >= (3, 11) or "")' 2>/dev/null),$(python))))
UV := $(shell command -v uv 2>/dev/null)
BIN := .venv/bin
export MPLCONFIGDIR ?= $(CURDIR)/.venv/matplotlib

.PHONY: demo test docs clean
.DEFAULT_GOAL := demo

demo: .venv/runtime
	$(BIN)/tierwatch demo

test: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m pytest

# Programs of others, each in an environment of its own, in front of the stand-in.
test-integrations: .venv/dev .venv-litellm/ready
	TIERWATCH_LITELLM=$(CURDIR)/.venv-litellm/bin $(BIN)/python -m pytest tests/integrations

docs: .venv/dev
	$(BIN)/python tests/documentation.py

.venv/bin/python:
	@if [ -z "$(PYTHON)" ]; then echo "tierwatch needs Python 3.11 or newer. On Debian or Ubuntu: apt install python3 python3-venv make" >&2; exit 1; fi
	@if [ -n "$(UV)" ]; then \
	  "$(UV)" venv --quiet --no-managed-python --python "$(PYTHON)" --seed .venv; \
	else \
	  $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "This Python cannot make virtual environments. On Debian or Ubuntu: apt install python3-venv" >&2; exit 1; }; \
	  $(PYTHON) -m venv .venv && $(BIN)/python -m pip install --quiet --upgrade pip; \
	fi

.venv/runtime: pyproject.toml | .venv/bin/python
	@echo "installing into .venv (once) ..." >&2
	@if [ -n "$(UV)" ]; then "$(UV)" pip install --quiet --python $(BIN)/python --editable .; else $(BIN)/python -m pip install --quiet --editable .; fi
	@touch $@

.venv/dev: pyproject.toml | .venv/bin/python
	@echo "installing into .venv (once) ..." >&2
	@if [ -n "$(UV)" ]; then "$(UV)" pip install --quiet --python $(BIN)/python --editable . --group dev; else $(BIN)/python -m pip install --quiet --editable . --group dev; fi
	@touch $@ .venv/runtime

.venv-litellm/ready: | .venv/bin/python
	@echo "installing LiteLLM into .venv-litellm (once) ..." >&2
	@if [ -n "$(UV)" ]; then "$(UV)" venv --quiet --no-managed-python --python "$(PYTHON)" --seed --clear .venv-litellm; else $(PYTHON) -m venv --clear .venv-litellm; fi
	@.venv-litellm/bin/python -m pip install --quiet 'litellm[proxy]>=1.106'
	@touch $@

clean:
	rm -rf .venv .venv-litellm .mypy_cache .ruff_cache .pytest_cache .import_linter_cache build dist demo-output
