# Each target does everything it needs, on a machine with Python 3.11 or newer and nothing else.
PYTHON ?= python3
# The machines of `make wheels`.
WHEELS := linux-x86_64 linux-aarch64 macos-x86_64 macos-arm64 windows-x86_64
# Seeds per trial; as many as each study declares unless given.
SEEDS ?=
BIN := .venv/bin
KERNEL := hatch_build.py native/build_kernel.py $(wildcard native/src/*)

unexport PYTHONDONTWRITEBYTECODE # or every start would compile anew

.PHONY: setup study test check functions stress sanitize bench docs wheels clean

# Everything, for work on the package itself.
setup: .venv/developed

# The package alone, which is all that studies need. What is used of it is compiled when first used.
.venv/installed: pyproject.toml constraints.txt $(KERNEL)
	$(call install,--no-compile -e .)
	touch $@

.venv/developed: pyproject.toml constraints.txt $(KERNEL)
	$(call install,-e '.[dev]')
	$(BIN)/python -m compileall -qq -j 0 .venv/lib || true # some packages bring files for other Pythons
	touch .venv/installed $@

.venv/compared: .venv/developed
	$(call install,-e '.[bench]')
	touch $@

define install
$(PYTHON) -m venv .venv
$(BIN)/pip install -c constraints.txt $(1)
@$(BIN)/python -c "from ripplecarry.engines.kernel import is_available as there; there() or \
	print('the native engine is not built: PyTorch does all the work; pip install -v -e . says why')"
endef

study: .venv/installed
	$(BIN)/ripplecarry study all $(if $(SEEDS),--seeds $(SEEDS))

test: check
	$(BIN)/pytest -n auto

# What can be seen without running the project: format, lint, types, imports.
check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyrefly check
	$(BIN)/lint-imports

# Every fault at every write boundary, 120 kills, and a hundred times the made-up input: an hour.
stress: setup
	RIPPLECARRY_FUZZ_FACTOR=100 $(BIN)/pytest -n auto -m "stress or fuzz"

# tanh and sigmoid of every engine at every finite float32, subnormals kept and flushed: two hours.
functions: setup
	$(BIN)/python tests/verification/functions.py

# The kernel's tests under the address and undefined-behaviour sanitizers of the system's compiler.
sanitize: setup
	$(BIN)/python native/build_kernel.py --compiler c++ --sanitize build/sanitize/kernel.so
	LD_PRELOAD="$$(c++ -print-file-name=libasan.so) $$(c++ -print-file-name=libubsan.so)" \
	ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 RIPPLECARRY_NATIVE_LIBRARY=build/sanitize/kernel.so \
		$(BIN)/pytest tests/engines/test_native.py

# The pages as HTML in build/docs; a warning is an error.
docs: setup
	$(BIN)/sphinx-build -W --keep-going -q -b html docs build/docs

# Training steps side by side, as ratios; how long commands take to start; how fast the playground is.
bench: .venv/compared
	$(BIN)/pytest -q tests/benchmarks/test_peers.py
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks --whole-study
	$(BIN)/python -m benchmarks.startup
	$(BIN)/python -m benchmarks.playground

# A wheel for each of $(WHEELS), all made on this machine, and the source distribution, in dist.
wheels: setup
	for target in $(WHEELS); do \
		ZIG_GLOBAL_CACHE_DIR=$(CURDIR)/build/zig RIPPLECARRY_TARGET=$$target \
			$(BIN)/hatchling build -t wheel -d dist || exit 1; \
	done
	$(BIN)/hatchling build -t sdist -d dist
	$(BIN)/python native/check_wheels.py dist

clean:
	rm -f src/ripplecarry/engines/_kernel.*
	rm -rf .venv build dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
