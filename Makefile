# Two commands: `make lab` opens the course, `make test` checks everything. Both do their own set-up.
SHELL := /bin/bash
PYTHON ?= python3

# The active environment is used where there is one, but conda's base is left alone; else our own .venv.
CONDA := $(if $(filter-out base,$(CONDA_DEFAULT_ENV)),$(CONDA_PREFIX))
ENVIRONMENT := $(or $(VIRTUAL_ENV),$(CONDA),$(CURDIR)/.venv)
RUN := "$(ENVIRONMENT)/bin/python" -m
TEST := LABKIT_SCALE=smoke OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 $(RUN)

# MNIST and other real files for the tests, where this machine has them (CONTRIBUTING.md).
SHARED := $(shell cd ../shared/data 2>/dev/null && pwd)
ifneq ($(SHARED),)
export LABKIT_TEST_DATA ?= $(SHARED)
endif

.PHONY: lab test results setup-lab setup-dev lint types stale unit alone

lab: setup-lab
	@$(RUN) labkit lab

test: lint types stale unit alone

# What the README claims, measured on this machine (about five hours, nothing else running) and written there.
results: setup-dev
	$(RUN) labkit.bench.results

lint: setup-dev
	$(RUN) ruff check
	$(RUN) ruff format --check

types: setup-dev
	$(RUN) mypy

stale: setup-dev
	$(TEST) labkit build --check

# Two workers for two cores, a file or a notebook each; timings and the browser have the machine to themselves after that.
unit: setup-dev
	$(TEST) pytest -n 2 --dist loadfile -m "not alone" --nbval-lax --nbval-current-env --nbval-cell-timeout=300 \
	  tests notebooks solutions

alone: setup-dev
	$(TEST) pytest -m alone -rsP tests

setup-lab:
	@PYTHON="$(PYTHON)" .ci/setup "$(ENVIRONMENT)" lab

setup-dev:
	@PYTHON="$(PYTHON)" .ci/setup "$(ENVIRONMENT)" dev,instructor
