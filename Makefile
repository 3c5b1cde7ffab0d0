# Every target sets itself up; none needs root, a compiler, a GPU or an account.
PYTHON ?= python3
BUDGET ?= quick
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
export PIP_DISABLE_PIP_VERSION_CHECK = 1
# A user's own settings of pip may name other places: into the virtual environment, and nowhere else.
export PIP_USER = 0
unexport PIP_TARGET PIP_PREFIX PIP_ROOT PYTHONHOME
ifeq ($(shell grep -sF " $(CURDIR)/$(VENV)" $(VENV)/pyvenv.cfg),) # not set up yet, or copied or moved since
.PHONY: $(READY)
endif

.PHONY: help book pdf test test-fast coverage check format claims runs constraints clean
.DEFAULT_GOAL := help

help: ## list all targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | while IFS="$$(printf '\t')" read -r name text; do printf '  make %-12s %s\n' "$$name" "$$text"; done
	@echo "  variables: BUDGET=smoke|quick|study (now $(BUDGET)), PYTHON=... (now $(PYTHON)), LMSTUDY_CACHE=... for the data"

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' || { echo "lmstudy needs Python 3.11 to 3.14, which its pinned versions support: this is $$($(PYTHON) --version); say make PYTHON=python3.11"; exit 1; }
	@echo "installs into $(VENV) (once, about two minutes)"
	@start=$$(date +%s); $(PYTHON) -m venv --clear $(VENV) && $(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]' && echo "installed in $$(($$(date +%s) - start)) s"
	@touch $@

book: $(READY) ## build the book: data, training, notebooks, pages; prints its address
	@$(BIN)/lmstudy-book --budget $(BUDGET)

pdf: $(READY) ## the book, and each edition as a PDF: book/_build/lmstudy.pdf, lmstudy-zh.pdf; needs Chromium
	@$(BIN)/lmstudy-book --budget $(BUDGET) --pdf

test: $(READY) ## all tests
	@$(BIN)/python -m pytest -n 2 --dist worksteal --durations 10

coverage: $(READY) ## all tests, and the lines that they do not reach; takes longer
	@$(BIN)/python -m pytest -n 2 --dist worksteal --cov --cov-report term --cov-fail-under 85

test-fast: $(READY) ## the tests that take seconds
	@$(BIN)/python -m pytest -n 2 -m 'not slow'

check: $(READY) ## lint, format and types, as CI does
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

format: $(READY) ## put code and notebooks into the house format
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

claims: $(READY) ## recompute every quantitative claim of the book
	@$(BIN)/lmstudy-claims

runs: $(READY) ## list runs: finished, half done, and needed by the book
	@$(BIN)/lmstudy-runs --budget $(BUDGET)

constraints: $(READY) ## pin what is installed now into constraints.txt
	@$(BIN)/python -m pip list --format freeze --exclude-editable --exclude pip --exclude setuptools | sed 's/+cpu$$//' > constraints.tmp && mv constraints.tmp constraints.txt

clean: ## remove what was built (not runs, records or the data cache)
	rm -rf $(VENV) book/_build book/notebooks build *.egg-info .mypy_cache .ruff_cache .coverage*
