# What people, hooks and CI call. Each target makes .venv first where it is missing or older than what it is made from.

BIN := .venv/bin
READY := .venv/ready
TORCH := $(shell sed -n 's/^\(torch==[^ ;]*\).*/\1/p' constraints.txt)
# the first Python that is new enough; name another with: make PYTHON=...
PYTHON ?= $(shell for each in python3 python3.13 python3.12 python3.11; do \
	$$each -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$each && break; done)

.PHONY: help setup demo test test-all check lint types layers format bench wheel clean
.DELETE_ON_ERROR:

help:  ## what there is to make
	@sed -n 's/^\([a-z-]*\):.*##  *\(.*\)/\1|\2/p' Makefile | while IFS='|' read -r name what; do printf '  make %-10s %s\n' "$$name" "$$what"; done

setup: $(READY)  ## .venv with Heedful and its tools in it

$(READY): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Heedful needs Python 3.11 or newer; install it, or name it: make PYTHON=/path/to/python" >&2; exit 1; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv .venv || { echo "no virtual environment could be made (Debian and Ubuntu: apt-get install python3-venv)" >&2; exit 1; }
	@echo "setting up .venv: once, a few minutes where torch has to come first"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check $(TORCH)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@touch $@

demo: $(READY)  ## train on written dates, show how many come out right and where the model looked (runs/demo)
	$(BIN)/heedful train recipes/demo.toml --out runs/demo --overwrite
	@$(BIN)/python examples/demo_dates.py runs/demo

test: $(READY)  ## the tests, but for the slow ones
	$(BIN)/python -m pytest -q -m "not slow"

test-all: $(READY)  ## all tests, the slow ones too
	$(BIN)/python -m pytest -q

check: lint types layers  ## format, lint, types and floors

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(READY)
	$(BIN)/pyrefly check

layers: $(READY)
	@$(BIN)/lint-imports

format: $(READY)  ## put the code into form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY)  ## speed against the machine's limit: 45 minutes (BENCH=quick: 6; BENCH=frames: pictures, 3; BENCH=server: 4); HEEDFUL_DATA names real sentences
	@BENCH=$(BENCH) $(BIN)/python -m benchmarks

wheel: $(READY)  ## a wheel and a source archive in dist/
	$(BIN)/python -m hatchling build -d dist

clean:  ## remove what was built (not runs/, not .venv)
	rm -rf dist build .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find heedful tests examples -name __pycache__ -type d -prune -exec rm -rf {} +
