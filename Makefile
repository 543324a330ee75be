# Footnote: `make ask` sets everything up and asks; `make ask Q="..."` asks something else.
PYTHON ?= python3
Q ?= Why was Putin's visit cancelled?
export Q
BIN := .venv/bin
# llama.cpp without its multimodal and helper libraries: nothing here uses them, and they take half of the time.
export CMAKE_ARGS ?= -DLLAVA_BUILD=OFF -DCMAKE_PROJECT_llama.cpp_INCLUDE=$(CURDIR)/llama-build.cmake

.PHONY: ask chat test coverage lint clean
.DELETE_ON_ERROR:

ask: index/examples/.made
	@$(BIN)/rag ask "$$Q" --name examples

chat: index/examples/.made
	@$(BIN)/rag ui --name examples

test: .venv/models
	@$(BIN)/rag models pull smollm2-135m
	$(BIN)/pytest --hypothesis-profile=thorough

# The quick tests alone, which need no model; pyproject.toml has the floor.
coverage: .venv/installed
	$(BIN)/coverage run -m pytest -m "not model and not browser and not slow"
	$(BIN)/coverage report

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/python tests/density.py rag --limit 30 --folder-limit 40
	$(BIN)/mypy
	$(BIN)/python tests/prose.py

clean:
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage* site index/examples

index/examples/.made: $(wildcard examples/*) .venv/models
	@$(BIN)/rag index examples --name examples
	@touch $@

.venv/models: .venv/installed rag/models/registry.toml
	@$(BIN)/rag models pull
	@touch $@

.venv/installed: requirements.lock pyproject.toml llama-build.cmake
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	@echo "Installing; compiling llama.cpp takes a few minutes the first time."
	$(BIN)/python -m pip install --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
