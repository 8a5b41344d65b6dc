# Everything this project does, from a machine that has Python >= 3.11, git and make.
# `make` lists the targets. A stamp file records each finished setup step, so a second run does nothing.

PYTHON ?= python3
# Meltano and its plugins can have another Python: not every plugin runs on the newest one.
MELTANO_PYTHON ?= $(PYTHON)
BIN := .venv/bin
MELTANO := .venv-meltano/bin/meltano
PIP_INSTALL := -m pip install --quiet --quiet --constraint constraints.txt
# Older clients; each has an environment of its own, since their versions exclude each other.
CLIENTS := $(basename $(notdir $(wildcard tests/clients/*.txt)))
CODE := tap_kustomer emulator scripts tests
# What is mutated, and the unit tests that should notice.
MUTANTS ?= api.retry:retry api.budget:budget settings:settings walks.listing:listing \
  walks.children:children walks.cursor:cursor walks.page:page walks.query:query walks.ask:ask \
  walks.ties:ties walks.paging:ties walks.nesting:page walks.search:search walks.slices:slices \
  walks.history:history

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore
export MELTANO_SEND_ANONYMOUS_USAGE_STATS := false

.DEFAULT_GOAL := help
# The environments are independent of each other, and so are lint and types.
MAKEFLAGS += --jobs=2
.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: help setup run psql test end-to-end fast lint format types unit package bench docs snapshots live nightly soak clients mutants check-python clean clean-demo

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/.stamp .meltano/.stamp ## Make the virtual environments and install Meltano's plugins

run: setup ## Load Kustomer (or the emulator) into PostgreSQL and show the result
	@$(BIN)/python -W "ignore:XDG_RUNTIME_DIR" -m scripts.run

psql: .venv/.stamp ## Open psql on the embedded PostgreSQL that `make run` filled
	@$(BIN)/python -W "ignore:XDG_RUNTIME_DIR" -m scripts.psql

# Two lanes of about the same length, for two cores.
test: setup end-to-end lint types fast ## Run everything: lint, types, unit and end-to-end tests with coverage

end-to-end: setup
	$(BIN)/python -m pytest -m end_to_end --ignore=tests/live
	$(BIN)/python -m pytest tests/model

fast: .venv/.stamp lint types
	$(BIN)/python -m pytest -m "not end_to_end" --ignore=tests/model --ignore=tests/hostile --ignore=tests/live --cov --cov-report=term
	$(BIN)/python -m pytest tests/hostile

lint: .venv/.stamp ## Check style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: .venv/.stamp ## Format the code and repair what can be repaired
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

types: .venv/.stamp ## Check the types
	$(BIN)/mypy

unit: .venv/.stamp ## Run the fast tests only
	$(BIN)/python -m pytest --ignore=tests/live -m "not end_to_end"

package: .venv/.stamp ## Build the package and try the wheel on every Python from 3.11 to 3.14 found here
	@$(BIN)/python -m scripts.package

bench: .venv/.stamp ## Measure speed against the emulator (ten minutes) and write docs/PERFORMANCE.md
	$(BIN)/python -m scripts.bench

docs: .venv/.stamp ## Write the generated parts of docs/DATA_MODEL.md and README.md
	$(BIN)/python -m scripts.docs

snapshots: .venv/.stamp ## Write the catalog's snapshots anew, after a deliberate change
	@rm -f tests/snapshots/*.json
	@$(BIN)/python -m scripts.snapshots

live: .venv/.stamp ## Ask your own org the open questions of docs/BEHAVIOR.md (reads only)
	$(BIN)/python -m pytest tests/live -rs -s

nightly: .venv/.stamp ## Run ten times as many histories through the model tests
	HYPOTHESIS_PROFILE=nightly $(BIN)/python -m pytest tests/model

soak: .venv/.stamp ## Kill the tap again and again while its org changes (ten minutes), and compare at the end
	@$(BIN)/python -m scripts.soak

clients: setup .clients/mapper/.stamp $(CLIENTS:%=.clients/%/.stamp) ## Load into older clients and Meltano's mapper (docs/CLIENTS.md, docs/PRIVACY.md)
	$(BIN)/python -m pytest tests/end_to_end/test_older_clients.py tests/end_to_end/test_privacy.py

mutants: .venv/.stamp ## Change the code in small ways: a test must fail (see docs/MUTANTS.md)
	@$(BIN)/python $(PIP_INSTALL) --group mutation
	@tools=$$PWD/$(BIN); for pair in $(MUTANTS); do \
	  folder=$$(mktemp -d) && mkdir -p $$folder/tests/unit && \
	  cp -r tap_kustomer emulator scripts pyproject.toml $$folder && cp tests/*.py $$folder/tests && \
	  cp tests/unit/test_$${pair#*:}*.py $$folder/tests/unit && echo "$$pair, in $$folder" && \
	  (cd $$folder && export HYPOTHESIS_PROFILE=quick && \
	  $$tools/mutmut run --max-children 2 "tap_kustomer.$${pair%:*}*" > mutmut.log && \
	  echo "killed: $$(grep -c '^🎉 tap' mutmut.log)" && \
	  { $$tools/mutmut results | grep "tap_kustomer.$${pair%:*}[.]" || true; }) || exit 1; done

clean: clean-demo ## Remove what setup and tests have made; your own data and bookmarks stay
	rm -rf .clients .venv .venv-meltano .meltano/.stamp .meltano/extractors .meltano/loaders .meltano/run
	rm -rf .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache

clean-demo: ## Remove the demo's org, database and bookmarks, so that `make run` starts anew
	rm -rf .demo

check-python:
	@for python in "$(PYTHON)" "$(MELTANO_PYTHON)"; do \
	  "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "$$python is too old or missing: Python 3.11 or newer is needed, as in make PYTHON=python3.13" >&2; exit 1; }; \
	done

.venv/.stamp: pyproject.toml constraints.txt | check-python
	@echo "Setting up .venv (about a minute) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python $(PIP_INSTALL) --upgrade pip
	@$(BIN)/python $(PIP_INSTALL) --build-constraint constraints.txt --editable . --group dev
	@touch $@

.venv-meltano/.stamp: constraints.txt | check-python
	@echo "Setting up .venv-meltano (about half a minute) ..."
	@test -x .venv-meltano/bin/python || $(MELTANO_PYTHON) -m venv .venv-meltano
	@.venv-meltano/bin/python $(PIP_INSTALL) --upgrade pip
	@.venv-meltano/bin/python $(PIP_INSTALL) meltano
	@touch $@

.meltano/.stamp: .venv-meltano/.stamp meltano.yml pyproject.toml constraints.txt
	@echo "Installing Meltano's plugins (about half a minute) ..."
	@$(MELTANO) --log-level warning install --clean
	@touch $@

# Complete lists: what the oldest client asks for no longer builds.
.clients/%/.stamp: tests/clients/%.txt | check-python
	@echo "Setting up .clients/$* ..."
	@test -x .clients/$*/bin/python || $(MELTANO_PYTHON) -m venv .clients/$*
	@.clients/$*/bin/python -m pip install --quiet --quiet --no-deps --requirement $<
	@touch $@

.clients/mapper/.stamp: constraints.txt | check-python
	@echo "Setting up .clients/mapper ..."
	@test -x .clients/mapper/bin/python || $(MELTANO_PYTHON) -m venv .clients/mapper
	@.clients/mapper/bin/python $(PIP_INSTALL) meltano-map-transform
	@touch $@
