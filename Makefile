# make talk   set everything up and start a conversation
# make test   set up what is missing, check the style and the types, run all tests

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: talk test check format models system clean

talk: $(STAMP) system models
	@$(BIN)/edge-audio talk --demo-without-device

test: $(STAMP) system models check
	$(BIN)/pytest

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Stamped by what it installs from, so a second run touches no network.
$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; name it with: make PYTHON=python3.12"; exit 2; }
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV) || \
	  { echo "Python's venv is missing; install it with: sudo apt-get install python3-venv"; exit 2; }
	@echo "Installing packages into $(VENV) (once) ..."
	@$(BIN)/pip install --disable-pip-version-check --quiet --progress-bar on -c constraints.txt -e '.[dev]'
	@touch $@

models: $(STAMP)
	@$(BIN)/edge-audio models fetch

clean:
	rm -rf $(VENV) build dist out
