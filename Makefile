# make demo   pack scikit-learn's handwritten digits into record files; train, evaluate and use a network on them
# make test   run the tests
# make lint   style and types
# make clean  remove what these made
#
# Needs Python 3.11 or newer and make; everything else goes into .venv. Another interpreter: make PYTHON=python3.12 test

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SETUP := $(VENV)/.setup
SETUP_LINT := $(VENV)/.setup-lint
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: demo test lint clean

demo: $(SETUP)
	$(BIN)/python examples/digits_to_folder.py demo/digits
	$(BIN)/mxtrain pack images demo/digits/train demo/digits-train --encode raw --overwrite
	$(BIN)/mxtrain pack images demo/digits/val demo/digits-val --encode raw --overwrite
	@set -e; \
	echo "mxtrain fit configs/digits.yaml"; \
	said=$$($(BIN)/mxtrain fit configs/digits.yaml); \
	run=$$(printf '%s\n' "$$said" | tail -n 1); \
	test -d "$$run" || { echo "mxtrain fit did not end with a run directory" >&2; exit 1; }; \
	echo "mxtrain eval $$run"; \
	$(BIN)/mxtrain eval "$$run"; \
	echo "mxtrain predict $$run demo/digits/val/3/*.png"; \
	$(BIN)/mxtrain predict "$$run" demo/digits/val/3/*.png > demo/predictions.jsonl; \
	head -n 5 demo/predictions.jsonl; \
	echo "mxtrain is in $(BIN): export PATH=\$$PWD/$(BIN):\$$PATH; what to try next: examples/README.md"

test: $(SETUP)
	$(BIN)/python -m pytest -n 2

lint: $(SETUP_LINT)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

clean:
	rm -rf $(VENV) demo build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(SETUP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	have=$$($(PYTHON) --version 2>&1) || have="not there"; \
	echo "mxtrain needs Python 3.11 or newer; $(PYTHON) is $$have." >&2; \
	echo "Name one that is: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) --editable '.[test,examples,fast,remote-test]'
	@touch $@

$(SETUP_LINT): $(SETUP)
	$(PIP) --editable '.[lint]'
	@touch $@
