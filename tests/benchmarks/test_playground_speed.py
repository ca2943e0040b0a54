"""The table of the playground's speeds."""

import shutil
import subprocess
from contextlib import contextmanager

import pytest

from benchmarks import playground as module
from benchmarks.playground import Playground, Speed
from ripplecarry.engines.kernel import is_available
from ripplecarry.reports.page.playground import KERNEL, write_playground

pytestmark = [
    pytest.mark.skipif(not is_available(), reason="the native engine is not built"),
    pytest.mark.skipif(not KERNEL.is_file(), reason="the kernel for WebAssembly is not built"),
]


@pytest.fixture(scope="module")
def playground(tmp_path_factory, chromium):
    file = tmp_path_factory.mktemp("playground") / "playground.html"
    write_playground(file, ())
    return Playground(chromium, file)


def test_steps_seeds_and_exactness_are_timed(playground, monkeypatch):
    monkeypatch.setattr(module, "SLICE_S", 0.01)

    steps = module.time_kernel(playground, rounds=1)
    seeds = module.time_seeds(playground, rounds=1, steps=20)
    exact = module.time_exactness(playground, rounds=1)

    cells = ("rnn", "gru", "lstm", "mingru", "minlstm", "diagonal", "diagonal_signed")
    assert [each.what for each in steps] == [f"a step, {cell}" for cell in cells]
    assert all(each.measured > 0.2 for each in (*steps, seeds, exact))


class BusyPlayground(Playground):
    """Its pages have a long task over and over."""

    @contextmanager
    def page(self, address="#v=1"):
        with super().page(address) as page:
            page.evaluate(
                "setInterval(() => { for (const began = Date.now(); Date.now() < began + 300;); }, 400)"
            )
            yield page


def test_long_tasks_of_the_page_are_seen(playground):
    calm = module.time_frames(playground, seconds=1)
    busy = module.time_frames(BusyPlayground(playground.browser, playground.file), seconds=1)

    assert len(calm) == len(busy) == 4
    assert all(each.measured >= 290 and not each.is_met for each in busy[::2])
    assert all(mine.measured > quiet.measured for mine, quiet in zip(busy, calm, strict=True))


def test_without_the_registry_tensorflow_is_left_out_with_a_reason(playground, tmp_path, monkeypatch):
    refused = subprocess.CompletedProcess([], 1, "", "npm error network\n")
    monkeypatch.setattr(shutil, "which", lambda name: "/usr/bin/npm")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: refused)

    reason = module.time_tensorflow(playground, tmp_path, rounds=1)

    assert reason == f"npm pack @tensorflow/tfjs@{module.TENSORFLOW}: npm error network"


@pytest.mark.parametrize(
    ("measured", "is_least", "is_met"), [(2, False, True), (4, False, False), (4, True, True)]
)
def test_a_goal_is_the_most_or_the_least(measured, is_least, is_met):
    assert Speed("", measured, "", 3, is_least).is_met == is_met
