# make run   the dashboard on http://127.0.0.1:8501, everything it needs installed first
# make test  the tests, those in a real browser too; prints the slowest
# make test-all  also the long repeats (marked slow)
# make lint  ruff and strict mypy
# make bench speed and memory against peers, in one run; writes docs/benchmarks.md
# make screenshots  the pictures of the documentation, from a running dashboard
# make demo  trains and evaluates again what ships in assets/ (resumable)

PYTHON ?= python3
PORT ?= 8501
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Processes of one thread each: three keep two cores busy while one of them waits for a browser or a process that it started.
TEST_WORKERS ?= 3
PYTEST = $(BIN)/python -m pytest -n $(TEST_WORKERS) --dist loadfile --no-loadscope-reorder --durations=25

.PHONY: run test test-all lint bench screenshots demo clean

run: $(STAMP)
	@$(BIN)/robustcore dashboard --port $(PORT)

test: $(STAMP)
	@sh tools/chromium.sh
	$(PYTEST) -m "not slow"

test-all: $(STAMP)
	@sh tools/chromium.sh
	$(PYTEST)

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(STAMP)
	$(BIN)/python -m benchmarks --write docs/benchmarks.md

screenshots: $(STAMP)
	@sh tools/chromium.sh
	$(BIN)/python -m tools.screenshots

demo: $(STAMP)
	$(BIN)/robustcore demo

# Written last, so that an interrupted installation starts over and a finished one costs nothing.
$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "robustcore needs Python 3.11 or newer; choose one with: make $(MAKECMDGOALS) PYTHON=python3.11"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing robustcore and what it needs into $(VENV) (once; a few minutes) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[timm,imagenet,cluster,dev]'
	@touch $(STAMP)

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
