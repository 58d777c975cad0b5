# Two commands for a newcomer: `make run` and `make test`. Everything they need
# goes into .venv; nothing outside this folder is touched.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# The first interpreter on PATH that dbt and Prefect accept.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null \
	&& echo $$p && break; done)
unexport PYTHONDONTWRITEBYTECODE
export PREFECT_SERVER_ANALYTICS_ENABLED := false
export DO_NOT_TRACK := 1

.PHONY: help
help: ## list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.PHONY: run
run: $(READY) ## with WISTIA_API_TOKEN one real run, without it the sandbox's three
	@$(BIN)/wistia-elt demo

.PHONY: test
test: $(READY) ## every test that this machine has the tools for
	@$(BIN)/pytest

.PHONY: check
check: $(READY) ## lint, types, layers, spelling, secrets
	@PATH="$(CURDIR)/$(BIN):$$PATH" bash .ci/check

.PHONY: lock
lock: $(READY) ## resolve requirements.lock anew (needs uv)
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --extra dev \
		--no-emit-index-url --custom-compile-command 'make lock' \
		--output-file requirements.lock pyproject.toml

.PHONY: clean
clean: ## remove what the commands made, the lake included
	@rm -rf $(VENV) lake dbt_project/target dbt_project/logs dbt_project/dbt_packages logs build \
		.mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info
	@find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo 'error: no Python 3.11, 3.12 or 3.13 on PATH' >&2; \
		echo 'try: install one (for example `apt-get install python3 python3-venv`), or make PYTHON=/path/to/python3.11' >&2; exit 2; }
	@echo 'installing into $(VENV) (once; a minute or two)'
	@if command -v uv >/dev/null 2>&1; then \
		uv venv --quiet --allow-existing --python "$(PYTHON)" $(VENV) && \
		VIRTUAL_ENV=$(VENV) uv pip install --quiet --require-hashes -r requirements.lock && \
		VIRTUAL_ENV=$(VENV) uv pip install --quiet --no-deps --editable .; \
	else \
		{ "$(PYTHON)" -m venv $(VENV) || { echo 'error: $(PYTHON) cannot make a virtual environment' >&2; \
			echo 'try: apt-get install python3-venv, or install uv' >&2; exit 2; }; } && \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock && \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .; \
	fi
	@touch $@
