# `make demo` and `make test` need nothing but Python 3.11 or newer and a network: the first one of
# them makes .venv, and makes it again only when the pins in pyproject.toml change.

BIN := .venv/bin
export PATH := $(CURDIR)/.venv/bin:$(PATH)
# Set, each of the hundreds of processes that tests start would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test test-full check emulated format clean

help:
	@echo "make demo       see the whole product work: allow, deny, limit, hold, approve"
	@echo "make test       checks and tests, as CI runs them"
	@echo "make test-full  the same, with the longer runs"
	@echo "make check      ruff, types, layers, template; no tests"
	@echo "make emulated   deploy the template to an emulator here and test it; KEEP=1 stays until Ctrl-C"
	@echo "make format     bring the code into its format"
	@echo "make clean      remove what make made"

demo: set-up
	@$(BIN)/holdpoint demo

test: check browser emulator clients
	@$(BIN)/python -m pytest -q -m "not full"

test-full: check browser emulator clients
	@$(BIN)/python -m pytest -q

check: set-up
	@echo "checking: ruff" && $(BIN)/ruff check --quiet .
	@echo "checking: format" && $(BIN)/ruff format --quiet --check .
	@echo "checking: types" && $(BIN)/mypy --no-error-summary
	@echo "checking: layers" && .ci/quietly $(BIN)/lint-imports
	@echo "checking: template" && $(BIN)/python infra/check_template.py

format: set-up
	@$(BIN)/ruff check --quiet --fix . && $(BIN)/ruff format --quiet .

clean:
	@rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .import_linter_cache *.egg-info

emulated: set-up emulator
	@$(BIN)/python -m pytest -q -s tests/deployed --show $(if $(KEEP),--stay)

.PHONY: set-up browser emulator clients
set-up:
	@.ci/set-up

browser: set-up
	@.ci/browser

emulator: set-up
	@$(BIN)/python infra/emulator.py install

clients: set-up
	@$(BIN)/python -m tests.clients.tools
