# Two commands for a newcomer: `make run` and `make test`. Everything they need
# goes into .venv; nothing outside this folder is touched.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
unexport PYTHONDONTWRITEBYTECODE
export PREFECT_SERVER_ANALYTICS_ENABLED := false
export DO_NOT_TRACK := 1

.PHONY: help
help: ## list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.PHONY: run
run: $(READY) ## the whole way: one run with WISTIA_API_TOKEN, without it the sandbox's three
	@$(BIN)/wistia-elt demo

.PHONY: test
test: $(READY) ## every test that this machine has the tools for
	@$(BIN)/pytest

.PHONY: serve
serve: $(READY) ## the pages, the tables' documentation and Operations, until Ctrl-C
	@$(BIN)/wistia-elt serve

.PHONY: up
up: $(READY) ## server, worker, the daily schedule and the pages on this machine, until Ctrl-C
	@$(BIN)/wistia-elt up

.PHONY: reference
reference: $(READY) ## docs/reference, .env.example, grammar.sql and the runbook's errors, from the code
	@$(BIN)/python -m tests.project.reference

.PHONY: docs
docs: $(READY) ## the documents as a site with search; `make serve` has it under /handbook
	@$(BIN)/python -m tests.project.site

.PHONY: bench
bench: $(READY) ## ours beside the predecessor's loop and dlt; rewrites docs/benchmarks.md
	@$(BIN)/python -m tests.bench
	@$(BIN)/python -m tests.bench.builds
	@$(BIN)/python -m tests.bench.pages
	@$(BIN)/python -m tests.bench.athena

.PHONY: screenshots
screenshots: $(READY) ## every page of the last good site as pictures: two widths, light and dark
	@$(BIN)/python -m tests.reports.screenshots

.PHONY: soak
soak: $(READY) ## what takes too long for CI, campaign by campaign: docs/soak.md
	@$(BIN)/python -m tests.soak

.PHONY: aws-smoke
aws-smoke: $(READY) ## the whole way on a real AWS account, asked for first, and everything removed again
	@$(BIN)/python -m tests.infra.smoke

.PHONY: check
check: $(READY) ## every gate: lint, types, layers, spelling, secrets, documents
	@PATH="$(CURDIR)/$(BIN):$$PATH" bash .ci/check

.PHONY: lock
lock: $(READY) ## resolve requirements.lock again (needs uv)
	@PATH="$(CURDIR)/$(BIN):$$PATH" bash .ci/lock

.PHONY: clean
clean: ## remove what the commands made; a lake only when it holds the sandbox's visitors
	@test ! -f lake/state/demo.json || rm -rf lake
	@rm -rf $(VENV) .bench .prefect dbt_project/target dbt_project/logs dbt_project/dbt_packages \
		logs build reports/site/node_modules reports/site/.install.lock .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info
	@find infra -name .terraform -type d -prune -exec rm -rf {} +
	@find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

$(READY): requirements.lock pyproject.toml .ci/install
	@PYTHON="$(PYTHON)" bash .ci/install $(VENV)
	@touch $@
