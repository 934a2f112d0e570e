# Everything needs only Python 3.11-3.13 and make: each target makes its own virtual environment.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PORT ?= 8501
# Not ?=: many shells have a HOST in their environment, which must not share the dashboard.
HOST := 127.0.0.1
PIP_FLAGS := --disable-pip-version-check --quiet -c constraints.txt

.PHONY: run test bench fuzz lint docs dist audit clean
.DEFAULT_GOAL := run

$(BIN)/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 13) else "fer-dashboard: expected Python 3.11 to 3.13, got %d.%d; choose one with: make PYTHON=python3.12" % v)'
	$(PYTHON) -m venv $(VENV)

# The stamps make the second run start in seconds: pip is asked only when the pins change.
$(VENV)/.run: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing (once; TensorFlow is large, this takes some minutes) ..."
	$(BIN)/python -m pip install $(PIP_FLAGS) -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.run
	$(BIN)/python -m pip install $(PIP_FLAGS) -e '.[dev]'
	@touch $@

run: $(VENV)/.run
	@$(BIN)/fer dashboard --host $(HOST) --port $(PORT)

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n 2 --dist loadgroup --no-loadscope-reorder $(PYTEST_ARGS)

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks

# Random, mutated and overgrown files against the decoders; a small sample is in the tests.
fuzz: $(VENV)/.dev
	$(BIN)/python -m benchmarks.fuzz_decoders --cases 20000

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# What people build on; the pages and the command are not among it.
API := fer fer.results fer.boxes fer.labels fer.errors fer.overlay fer.preprocessing fer.detection \
  fer.recognition fer.tracking fer.media fer.video fer.export fer.datasets fer.evaluation \
  fer.explanation fer.models fer.architectures

# The reference of the Python API, from its docstrings, in site/.
docs: $(VENV)/.dev
	$(BIN)/pdoc --docformat google --output-directory site $(API)
	@echo "Open site/index.html"

# Known weaknesses of the pinned dependencies.
audit: $(VENV)/.dev
	.ci/audit $(BIN)/pip-audit

# The wheel and the source distribution, in dist/.
dist: $(VENV)/.dev
	$(BIN)/python -m build --no-isolation

clean:
	rm -rf $(VENV)
