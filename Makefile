# make talk   set everything up and start a conversation
# make test   set up what is missing, check style and types, run all tests
# make unit   run the tests that need no models and no PyTorch, in less than a minute
# make soak   hold a simulated day of conversation

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
UNIT_STAMP := $(VENV)/.installed-unit
DEV_STAMP := $(VENV)/.installed-dev
AARCH64_STAMP := $(VENV)/.aarch64-resolved

.PHONY: talk test unit soak check format models libraries sound-server synthesizer clean

# One process on each core, but for the tests that hold a conversation in real time.
SIDE_BY_SIDE := -n auto --dist worksteal
ALONE := (models or real_time)

talk: $(STAMP) libraries models
	@$(BIN)/edge-audio talk --demo-without-device

test: $(DEV_STAMP) $(AARCH64_STAMP) libraries sound-server synthesizer models check
	$(BIN)/pytest -m "not $(ALONE)" $(SIDE_BY_SIDE)
	$(BIN)/pytest -m "$(ALONE)"

# tests/conftest.py says which tests these are.
unit: $(UNIT_STAMP) libraries
	$(BIN)/pytest --unit $(SIDE_BY_SIDE)

# A simulated day of conversation, in some 20 seconds, to see that it holds on to nothing.
soak: $(DEV_STAMP)
	$(BIN)/python -m tests.simulation.soak --hours 24

check: $(DEV_STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(DEV_STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

models: $(STAMP)
	@$(BIN)/edge-audio models fetch

# Stamped by what it is made from, so that a second run needs no network.
$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; name it with: make PYTHON=python3.12"; exit 2; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV) || \
	  { rm -rf $(VENV); echo "Python's venv is missing: sudo apt-get install python3-venv"; exit 2; }
	@echo "Installing the packages into $(VENV), once ..."
	@$(BIN)/pip install --disable-pip-version-check --quiet -c constraints.txt -e .
	@touch $@

$(UNIT_STAMP): $(STAMP)
	@echo "Installing the packages for tests, once ..."
	@$(BIN)/pip install --disable-pip-version-check --quiet -c constraints.txt -e '.[dev]'
	@touch $@

# What export and its tests need, PyTorch among it, is of no use to those who only want to talk.
$(DEV_STAMP): $(STAMP)
	@echo "Installing the packages for tests and export, once ..."
	@$(BIN)/pip install --disable-pip-version-check --quiet -c constraints.txt -e '.[dev,export-chat]'
	@test "$$(uname -m)" != x86_64 || $(BIN)/pip install --disable-pip-version-check --quiet $(TENSORRT)
	@touch $@

# Builds engines without a GPU, to see that every operator is known; there is no wheel but for x86-64.
TENSORRT := tensorrt-rtx==1.7.1.116

# The platforms of JetPack 7: Ubuntu 24.04 with Python 3.12 on aarch64.
AARCH64 := --python-version 3.12 --implementation cp --abi cp312 \
	$(foreach version,2_17 2_24 2_26 2_27 2_28 2_31 2_34 2_35 2_38 2_39,--platform manylinux_$(version)_aarch64) \
	--platform manylinux2014_aarch64

$(AARCH64_STAMP): constraints.txt $(DEV_STAMP)
	@echo "Looking whether every pinned package has a wheel for aarch64, once ..."
	@$(BIN)/pip install --disable-pip-version-check --quiet --dry-run --ignore-installed --no-deps \
	  --target $(VENV)/aarch64 --only-binary=:all: $(AARCH64) -r constraints.txt
	@touch $@

# $(call apt,PACKAGES,CONSEQUENCE): install where we may without asking, else say what is missing.
apt = { { test "$$(id -u)" = 0 && SUDO= || { sudo -n true && SUDO=sudo; }; } 2>/dev/null && \
	  echo "Installing $(1) ..." && \
	  { $$SUDO apt-get install -yq --no-install-recommends $(1) || \
	    { $$SUDO apt-get update -q && $$SUDO apt-get install -yq --no-install-recommends $(1); }; } \
	    >/dev/null 2>&1 || \
	  echo "Not installed: $(1), so $(2). To change that: sudo apt-get install $(1)"; }

libraries:
	@ldconfig -p 2>/dev/null | grep -q libgomp || $(call apt,libgomp1,llama.cpp does not start)
	@ldconfig -p 2>/dev/null | grep -q libportaudio || $(call apt,libportaudio2,there are no sound devices)

sound-server:
	@command -v pulseaudio >/dev/null && command -v pactl >/dev/null || \
	  $(call apt,pulseaudio libasound2-plugins pulseaudio-utils,tests with a sound server are skipped)

synthesizer:
	@command -v flite >/dev/null || $(call apt,flite,tests with a synthesizer are skipped)

clean:
	rm -rf $(VENV) build dist out
