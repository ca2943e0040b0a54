# Each target does everything it needs, on a machine with Python 3.11 or newer and nothing else.
PYTHON ?= python3
# Seeds per trial; as many as each study declares unless given.
SEEDS ?=
BIN := .venv/bin
NATIVE := native/CMakeLists.txt native/pyproject.toml $(wildcard native/src/* native/ripplecarry_native/*.py)

.PHONY: setup study test check functions stress sanitize bench docs clean

setup: .venv/installed

.venv/installed: pyproject.toml constraints.txt $(NATIVE)
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet -c constraints.txt -e '.[dev]'
	@if command -v c++ >/dev/null || command -v clang++ >/dev/null; then \
		$(BIN)/pip install --quiet --force-reinstall --no-deps ./native \
			|| echo "the native engine did not build: PyTorch does all the work"; \
	else echo "no C++ compiler: without the native engine, PyTorch does all the work"; fi
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

# Every fault at every write boundary, 120 kills, and fifty times the made-up input: an hour.
stress: setup
	RIPPLECARRY_FUZZ_FACTOR=50 $(BIN)/pytest -n auto -m "stress or fuzz"

# tanh and sigmoid of every engine at every finite float32, subnormals kept and flushed: two hours.
functions: setup
	$(BIN)/python tests/verification/functions.py

# The kernel's tests under the address and undefined-behaviour sanitizers.
sanitize: setup
	cmake -S native -B build/sanitize -DRIPPLECARRY_SANITIZE=ON
	cmake --build build/sanitize
	LD_PRELOAD="$$(c++ -print-file-name=libasan.so) $$(c++ -print-file-name=libubsan.so)" \
	ASAN_OPTIONS=detect_leaks=0 RIPPLECARRY_NATIVE_LIBRARY=build/sanitize/libripplecarry_native.so \
		$(BIN)/pytest tests/engines/test_native.py

# The pages as HTML in build/docs; a warning is an error.
docs: setup
	$(BIN)/sphinx-build -W --keep-going -q -b html docs build/docs

# Training steps side by side, as ratios.
bench: setup
	$(BIN)/pip install --quiet -c constraints.txt -e '.[bench]'
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks --whole-study

clean:
	rm -rf .venv build dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
