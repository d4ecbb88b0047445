# Two commands do everything on a machine with Python >= 3.11 and make: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: demo demo-months demo-slack demo-jira demo-evidence demo-path test test-crash install check format bench clean help

help: ## what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort

demo: install ## the whole idea on bundled tickets: no key, no network
	@$(BIN)/groundswell demo --out out/demo

demo-slack: install ## ten minutes in the channel: a digest, three people, their windows, a run of their own
	@$(BIN)/python -m tests.scenarios.demo_slack

demo-jira: install ## one draft in Jira: approved, taken back, approved again; and how it reads there
	@$(BIN)/python -m tests.scenarios.demo_jira

demo-months: install ## the second month: corrections in September, and the October that honours them
	@$(BIN)/python -m tests.scenarios.demo_months

demo-evidence: install ## the chain from a theme to Jira, Productboard and Dovetail, usage beside it, and whether the fix worked
	@$(BIN)/python -m tests.scenarios.demo_evidence

demo-path: install ## from two help desks through one click to one Jira draft, with a kill -9 on the way
	@$(BIN)/python -m tests.scenarios.demo_path

test: install ## format, lint, types, import contracts, tests: what CI runs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder

test-crash: install ## kill -9 at every boundary, many times: a table of what became of it (a quarter of an hour)
	$(BIN)/python -m tests.crash

install: $(INSTALLED) ## .venv with everything pinned

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Groundswell needs Python 3.11 or newer; call make PYTHON=python3.11")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

format: install ## let ruff format and mend what it can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: install ## speed and memory, as ratios in one run
	$(BIN)/python bench/grouping.py
	$(BIN)/python bench/embedding.py

clean: ## remove what was made
	rm -rf $(VENV) out dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
