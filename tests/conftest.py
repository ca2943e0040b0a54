"""Axes in signatures are checked while tests run, and only then; Triton's kernels are interpreted."""

import atexit
import os
import shutil
import sys
import tempfile


def own_folder(variable: str) -> None:
    """Names a new folder in the environment, until this process ends."""
    os.environ[variable] = tempfile.mkdtemp(prefix="ripplecarry-tests-")
    atexit.register(shutil.rmtree, os.environ[variable], ignore_errors=True)


# What the checker accepts in a test is no news to the user who runs it, nor to another test run.
own_folder("RIPPLECARRY_CACHE")
# Certificates take long to make; the workers that this process starts share them.
if "RIPPLECARRY_MADE" not in os.environ:
    own_folder("RIPPLECARRY_MADE")

# The workers of a test run fill the processor; what must not depend on threads sets their number itself.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Before they are imported, which reads it. On a GPU: `TRITON_INTERPRET=0 pytest tests/engines/gpu`.
os.environ.setdefault("TRITON_INTERPRET", "1")

from jaxtyping import install_import_hook  # noqa: E402

# Pydantic and cyclopts read annotations themselves, so modules of configurations stay as they are.
install_import_hook(
    [
        "ripplecarry.arithmetic.balanced_operands",
        "ripplecarry.arithmetic.carry_runs",
        "ripplecarry.arithmetic.counterexample",
        "ripplecarry.arithmetic.digit_text",
        "ripplecarry.arithmetic.digits",
        "ripplecarry.arithmetic.exact_sum",
        "ripplecarry.arithmetic.machine",
        "ripplecarry.arithmetic.number_lines",
        "ripplecarry.arithmetic.operands_by_run",
        "ripplecarry.arithmetic.philox",
        "ripplecarry.arithmetic.text_source",
        "ripplecarry.engines.reference",
        "ripplecarry.evaluation",
        "ripplecarry.networks.adder",
        "ripplecarry.networks.cells",
    ],
    "beartype.beartype",
)

import pytest  # noqa: E402
from hypothesis import settings  # noqa: E402

from ripplecarry.runs.store import Store  # noqa: E402

# A busy machine is no failure.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config):
    """One more than cores: tests that wait for browsers and processes of their own leave some idle."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def text_of_640_digits():
    """The shortest limit there is on integers as text."""
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(640)
    yield
    sys.set_int_max_str_digits(before)


BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def chromium():
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip(f"no browser here: none of {', '.join(BROWSERS)} is installed")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as playwright:
        # Chromium's own sandbox does not start for root, as whom containers test; the page is our own.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()
