# Each target does everything it needs, on a machine with Python 3.11 or newer and nothing else.
PYTHON ?= python3
# Seeds per trial; as many as each study declares unless given.
SEEDS ?=
BIN := .venv/bin

.PHONY: setup study test check clean

setup: .venv/installed

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet -c constraints.txt -e '.[dev]'
	touch $@

study: setup
	$(BIN)/ripplecarry study all $(if $(SEEDS),--seeds $(SEEDS))

test: setup
	$(BIN)/pytest -n auto

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyrefly check
	$(BIN)/lint-imports
	$(BIN)/pytest -n auto

clean:
	rm -rf .venv build dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
