# All that a contributor does. `make` alone lists it.

VENV := .venv
BIN := $(VENV)/bin
VERSION := -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null
FOUND := $(shell $(BIN)/python $(VERSION))

# The first Python that is new enough, unless one is given: make test PYTHON=python3.13
ifeq ($(origin PYTHON),undefined)
PYTHON := $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
WANTED := $(or $(FOUND),any)
else
WANTED := $(or $(shell $(PYTHON) $(VERSION)),none)
endif
READY := $(VENV)/.ready
# More workers than cores: a test waits for something else much of its time.
WORKERS ?= $(shell echo $$(( $$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2) * 3 )))
# A worker that has come to its end takes over tests that another has not begun.
PARALLEL := -n $(WORKERS) --dist worksteal
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-header --no-annotate $(if $(UPGRADE),--upgrade)

# Where this is set, each of pytest's processes, and each emulator, compiles all that it imports again.
unexport PYTHONDONTWRITEBYTECODE

DOCKER ?= docker
IMAGE ?= preview-db:dev

.DEFAULT_GOAL := help
.PHONY: help setup demo test cases play examples clients coverage torture bench mutants lint format docs image lock clean again

help: ## list these targets
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name what; do \
		printf 'make %-8s %s\n' "$$name" "$$what"; done

setup: $(READY) ## make .venv and install what is needed, as locked

# A virtual environment that another Python made, or that lost its own, is replaced.
ifneq ($(FOUND),$(WANTED))
$(READY): again
endif
$(READY): requirements/dev.txt pyproject.toml
	@test -n '$(PYTHON)' || { \
		echo 'preview-db needs Python 3.11 or newer, and there is none on PATH.' >&2; \
		echo 'If it is installed under another name: make $(MAKECMDGOALS) PYTHON=/path/to/python' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo 'preview-db needs Python 3.11 or newer; $(PYTHON) is not.' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo '$(PYTHON) comes without venv. On Debian and Ubuntu: apt install python3-venv' >&2; exit 1; }
	@echo 'Setting up $(VENV); this takes a minute, once.'
	@test '$(FOUND)' = '$(WANTED)' || $(PYTHON) -m venv --clear $(VENV)
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

demo: setup ## watch a pull request's life against the emulator
	@$(BIN)/preview-db demo

test: setup ## run the tests; ARGS='-k name' for some of them
	$(BIN)/pytest $(PARALLEL) --ignore=tests/play --ignore-glob='*/torture/test_[!o]*' $(ARGS)

play: setup ## play every workflow of README, docs and examples with act, in the image that IMAGE names
	PREVIEW_DB_IMAGE=$(IMAGE) $(BIN)/pytest $(PARALLEL) tests/play $(ARGS)

examples: setup ## run the projects in examples/ against the emulator and list what came of them; ARGS for some of them
	$(BIN)/python examples/run.py $(ARGS)

clients: setup ## try clients that others publish against the emulator and list how they get on; npm installs 3 GB for it
	@mkdir -p .cache/clients && cp tests/clients/package.json .cache/clients/
	npm install --prefix .cache/clients --silent --no-package-lock --ignore-scripts --no-audit --no-fund
	PYTHONPATH=. $(BIN)/python -m tests.clients .cache/clients $(ARGS)

coverage: setup ## run the tests and list the lines and branches that none of them reaches
	@rm -rf .cache/coverage; mkdir -p .cache/coverage
	COVERAGE_FILE=$(CURDIR)/.cache/coverage/data $(BIN)/coverage run -m pytest $(PARALLEL) $(ARGS); ended=$$?; \
	$(BIN)/coverage combine --quiet && $(BIN)/coverage report && exit $$ended

cases: setup ## run the many cases of what may go wrong, each run a process; ARGS as for test
	PREVIEW_DB_PROCESSES=1 $(BIN)/pytest $(PARALLEL) tests/torture --ignore=tests/torture/test_orders.py $(ARGS)

torture: setup ## try every claim at length and write docs/reliability.md; ARGS='--help' for less of it
	PYTHONPATH=. $(BIN)/python -m tests.torture $(ARGS)

bench: setup ## measure how long everything takes and write docs/performance.md; ARGS='--help' for what to run beside it
	PYTHONPATH=. $(BIN)/python -m tests.bench $(ARGS)

mutants: setup ## change what decides and what reports in every small way, and list what no test notices
	@$(PIP) install --require-hashes -r requirements/mutants.txt
	$(BIN)/python -m tests.mutants $(ARGS)

lint: setup ## check format, style, types and the layering
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup ## put the code in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: setup ## write the tables of docs/inputs.md from action.yml
	$(BIN)/python docs/inputs.py

image: ## build the action's image
	$(DOCKER) build $(BUILD_FLAGS) -t $(IMAGE) .

lock: setup ## pin the dependencies again after a change; UPGRADE=1 for the newest of all
	$(PIP) install $$($(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"]["lock"])')
	$(LOCK) pyproject.toml -o requirements/action.txt
	$(LOCK) pyproject.toml -o requirements/dev.txt --all-extras --group dev -c requirements/action.txt
	$(LOCK) --group mutants -o requirements/mutants.txt -c requirements/dev.txt
	$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' \
		| $(LOCK) - -o requirements/build.txt -c requirements/dev.txt

clean: ## remove what was made here
	rm -rf $(VENV) build dist mutants .cache .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
