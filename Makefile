# Every target is a line or two that one could type; CI calls the same ones. `make` alone explains them.
PYTHON ?= python3
PORT ?= 5000
VENV := .venv
READY := $(VENV)/.ready
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export DO_NOT_TRACK := 1
export MLFLOW_DISABLE_TELEMETRY := true

.DEFAULT_GOAL := help
.PHONY: help setup reproduce exp plan compare claims summary status ui promote champion docs test lint format types clean-work

# Words without `=` are goals of make's, which it would refuse only after everything before them has run.
only_values = $(if $(filter-out $@,$(MAKECMDGOALS)),$(error $(filter-out $@,$(MAKECMDGOALS)): write key=value after `make $@`))

help: ## explain the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

setup: $(READY) ## make .venv and install the pinned packages (done by the other targets where needed)

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "mathmill needs Python 3.11 or newer, but $(PYTHON) is $$($(PYTHON) -V 2>&1). Try: make setup PYTHON=python3.12"; exit 1; }
	@test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV) || \
		{ rm -rf $(VENV); echo "could not make $(VENV): on Debian and Ubuntu install python3-venv"; exit 1; }
	$(VENV)/bin/python -m pip install --disable-pip-version-check --quiet -c constraints.txt -e '.[dev]'
	@touch $@

reproduce: setup ## run every stage that is out of date, then show the summary
	@python -m mathmill.compose
	dvc repro
	@python -m mathmill.report.summary

exp: setup ## set values and run: make exp scale=smoke rl.seed=1 (rl.seed= drops one again); kept in overrides.yaml
	$(only_values)@python -m mathmill.compose set --from-make
	@python -m mathmill.compose
	dvc repro
	@python -m mathmill.report.summary

compare: setup ## run a comparison of the paper over seeds: make compare name=code_first seeds=5 (alone: the list)
	$(only_values)@python -m mathmill.compare --from-make

plan: setup ## memory, steps and GPU-hours before a run: make plan scale=7b gpus=64 (see python -m mathmill.plan --help)
	$(only_values)@python -m mathmill.plan --from-make

claims: setup ## run what the ledger of claims lacks, then the report: make claims minutes=30 seeds=5
	@python -m mathmill.compare.missing $(if $(minutes),minutes=$(minutes)) $(if $(seeds),seeds=$(seeds)); \
	  left=$$?; dvc repro --single-item report && exit $$left

summary: setup ## show the summary of the last run
	@python -m mathmill.report.summary

status: setup ## say which stages are out of date, and why
	dvc status

ui: setup ## start the MLflow UI on this machine, and print the addresses of its saved views: make ui PORT=5000
	@python -m mathmill.workflow.ui --port $(PORT)

promote: setup ## turn a run of MLflow (or the best of a sweep) into conf/experiment/NAME.yaml: make promote run=ID name=NAME
	@python -m mathmill.workflow.promote $(run) $(name)

champion: setup ## register the best RL checkpoint in MLflow under the alias champion
	@python -m mathmill.workflow.champion

docs: setup ## build the documentation into site/ (installs mkdocs-material where it is missing)
	@command -v mkdocs > /dev/null || python -m pip install --disable-pip-version-check --quiet -c constraints.txt -e '.[docs]'
	mkdocs build --strict

test: setup ## run the tests
	@pytest -n 2 --dist loadgroup --no-loadscope-reorder

lint: setup ## check style and layout
	@ruff check .
	@ruff format --check .

format: setup ## mend style and layout
	@ruff check --fix .
	@ruff format .

types: setup ## check the types of src
	@mypy

clean-work: ## delete unfinished work (.work), so that the next run starts from nothing
	rm -rf .work
