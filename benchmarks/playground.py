"""`python -m benchmarks.playground`: how fast the playground is, in headless Chromium on this machine."""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.workload import Workload
from ripplecarry.console import output, print_table
from ripplecarry.engines.engine import Trainer
from ripplecarry.engines.native import NativeEngine
from ripplecarry.networks.architecture import CELL_SHAPES, is_known
from ripplecarry.networks.initial_values import initial_weights
from ripplecarry.reports.page.playground import write_playground
from ripplecarry.runs.environment import processor_name

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROUNDS = 5
POSITIONS = 11
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
TENSORFLOW = "4.22.0"

SLICE_S = 0.15
_FRAMES_S = 6.0
_BACKENDS = ("wasm", "webgl", "cpu")
_LEVEL = 2  # x86-64-v2, whose bits the page has
_ORIGIN = "http://tensorflow.test/"  # answered from a folder


@dataclass(frozen=True)
class Speed:
    """Something measured, and its goal."""

    what: str
    measured: float
    unit: str
    goal: float
    is_least: bool = False
    """Whether the goal is the least that it should be, not the most."""
    note: str = ""

    @property
    def is_met(self) -> bool:
        return self.measured >= self.goal if self.is_least else self.measured <= self.goal


@contextmanager
def browser() -> "Iterator[Browser]":
    """Headless Chromium."""
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        sys.exit(f"no browser here: none of {', '.join(BROWSERS)} is installed")
    with sync_playwright() as playwright:
        # Chromium's own sandbox does not start for root.
        opened = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield opened
        opened.close()


class Playground:
    """The playground's file, opened in a browser as often as asked."""

    def __init__(self, opened: "Browser", file: Path) -> None:
        self.browser = opened
        self.file = file

    @contextmanager
    def page(self, address: str = "#v=1") -> "Iterator[Page]":
        page = self.browser.new_page()
        page.goto(self.file.as_uri() + address)
        page.wait_for_selector("body[data-state=ready]")
        page.add_script_tag(content=_script("playground_turns"))
        yield page
        page.close()


def _script(name: str) -> str:
    return Path(__file__).with_name(f"{name}.js").read_text(encoding="utf-8")


def _in_turn(rounds: int, *turns: Callable[[], float]) -> list[list[float]]:
    """What each measured, taking turns; without the first round, which compiles."""
    rows = [[turn() for turn in turns] for _ in range(rounds + 1)]
    return [list(column) for column in zip(*rows[1:], strict=True)]


def _ratio(mine: Sequence[float], theirs: Sequence[float]) -> float:
    return statistics.median(m / t for m, t in zip(mine, theirs, strict=True))


def _native(cell: str) -> Trainer:
    trial = Workload(cell, POSITIONS).trial
    weights = initial_weights(trial, trial.build_task(), 0)
    return NativeEngine(_LEVEL).trainer(trial, trial, trial.training_batches(0), weights)


def _native_seconds(trainers: Sequence[Trainer], steps: int) -> float:
    """Of so many steps of each, one thread each."""
    with ThreadPoolExecutor(len(trainers)) as pool:
        began = time.perf_counter()
        list(pool.map(lambda trainer: trainer.advance(steps), trainers))
        return time.perf_counter() - began


def time_kernel(playground: Playground, rounds: int) -> list[Speed]:
    """A step of the report's network in a worker beside the native engine at the same instruction set."""
    speeds = []
    with playground.page() as page:
        for cell in (name for name in CELL_SHAPES if is_known(name, "page")):
            trainer = [_native(cell)]
            steps = max(1, round(SLICE_S / _native_seconds(trainer, 4) * 4))
            ours, native = _in_turn(
                rounds,
                lambda: kernel_ms(page, cell, steps),  # noqa: B023
                lambda: 1e3 * _native_seconds(trainer, steps) / steps,  # noqa: B023
            )
            note = f"{statistics.median(ours):.2f} and {statistics.median(native):.2f} ms"
            note += f"; fastest turns {min(ours):.2f} and {min(native):.2f} ms"
            speeds.append(Speed(f"a step, {cell}", _ratio(ours, native), "x native", 1.6, note=note))
    return speeds


def kernel_ms(page: "Page", cell: str, steps: int) -> float:
    """Milliseconds a step in a worker of the page."""
    given = {"kernelSteps": _script("kernel_steps"), "cell": cell, "steps": steps}
    return page.evaluate("given => kernelTurn(given)", given)


def time_seeds(playground: Playground, rounds: int, steps: int = 300) -> Speed:
    """Two seeds beside one; and two native trainings beside one, which tells whether two cores are idle."""
    trainers = [_native("rnn"), _native("rnn")]
    with playground.page() as page:

        def turn(seeds: int) -> float:
            return page.evaluate("address => trainingTurn(address)", f"#v=1&steps={steps}&seeds={seeds}")

        two, one, native_two, native_one = _in_turn(
            rounds,
            lambda: turn(2),
            lambda: turn(1),
            lambda: _native_seconds(trainers, steps),
            lambda: _native_seconds(trainers[:1], steps),
        )
    note = f"{statistics.median(two):.2f} and {statistics.median(one):.2f} s"
    note += f"; natively {_ratio(native_two, native_one):.2f} times"
    return Speed("two seeds", _ratio(two, one), "x one", 1.25, note=note)


def time_exactness(playground: Playground, rounds: int) -> Speed:
    """From the click to exact match 1 on 1,000 random nine-digit pairs, on a page just opened."""
    times = []
    for _ in range(rounds):
        with playground.page("#v=1&learning_rate=0.01") as page:
            seconds = page.evaluate("exactTurn()")
        if seconds is None:
            raise RuntimeError("the training ended without exact match 1")
        times.append(seconds)
    note = f"{min(times):.2f} to {max(times):.2f} s"
    return Speed("from the click to exact match 1", statistics.median(times), "s", 5.0, note=note)


def time_frames(playground: Playground, seconds: float = _FRAMES_S) -> list[Speed]:
    """The page's frames while workers train, and its longest task in the processor's time."""
    speeds = []
    for words, address in {
        "the report's network": "#v=1&steps=1000000",
        "8 seeds, 4 layers of 128": "#v=1&layers=4&hidden_size=128&seeds=8&steps=1000000",
    }.items():
        with playground.page(address) as page:
            playground.browser.start_tracing(page=page, categories=["toplevel"])
            found = page.evaluate("ms => frameTurn(ms)", 1e3 * seconds)
            trace = json.loads(playground.browser.stop_tracing())["traceEvents"]
        frames = sorted(found["frames"])
        most = frames[min(len(frames) - 1, round(0.99 * len(frames)))]
        tasks = f"longest task {max(found['tasks']):.0f} ms" if found["tasks"] else "no task over 50 ms"
        note = f"{len(frames)} frames, 99 % within {most:.0f} ms; {tasks}"
        speeds.append(Speed(f"longest frame, {words}", frames[-1], "ms", 50.0, note=note))
        note = "of the processor: what others do does not count"
        speeds.append(Speed(f"longest task, {words}", _longest_task_ms(trace), "ms", 50.0, note=note))
    return speeds


def _longest_task_ms(trace: Sequence[Mapping[str, Any]]) -> float:
    """The most processor time of a task on a page's thread."""
    threads = {
        (event["pid"], event["tid"])
        for event in trace
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    return max(e["tdur"] / 1e3 for e in trace if "tdur" in e and (e["pid"], e["tid"]) in threads)


def time_tensorflow(playground: Playground, folder: Path, rounds: int) -> Speed | str:
    """Steps a second of the report's RNN beside the best backend of TensorFlow.js; or why there is none."""
    packages = [f"@tensorflow/{name}@{TENSORFLOW}" for name in ("tfjs", "tfjs-backend-wasm")]
    npm = shutil.which("npm")
    if npm is None:
        return "npm is not installed"
    for package in packages:
        packed = subprocess.run(
            [npm, "pack", "--silent", package], cwd=folder, capture_output=True, text=True, check=False
        )
        if packed.returncode:
            return f"npm pack {package}: {(packed.stderr.strip().splitlines() or ['no reason given'])[-1]}"
        name = package.split("/")[1].split("@")[0]
        (folder / name).mkdir()
        shutil.unpack_archive(folder / packed.stdout.split()[-1], folder / name, filter="data")
    best: Speed | None = None
    reasons = []
    for backend in _BACKENDS:
        with playground.page() as ours, _served(playground.browser, folder) as theirs:
            theirs.add_script_tag(content=_script("tensorflow_steps"))
            reason = theirs.evaluate("backend => beginTensorFlow(backend)", backend)
            if reason:
                reasons.append(f"{backend}: {reason}")
                continue

            def turn(steps: int, page: "Page" = theirs) -> float:
                return page.evaluate("steps => tensorFlowTurn(steps)", steps)["ms"]

            steps = max(1, round(1e3 * SLICE_S / turn(2)))
            tensorflow, mine = _in_turn(
                rounds,
                lambda: turn(steps),  # noqa: B023
                lambda: kernel_ms(ours, "rnn", 10 * steps),  # noqa: B023
            )
        each = [1e3 / statistics.median(times) for times in (mine, tensorflow)]
        note = f"{each[0]:.0f} steps a second; TensorFlow.js ({backend}) {each[1]:.1f}"
        speed = Speed("steps a second, rnn", _ratio(tensorflow, mine), "x TF.js", 20.0, True, note)
        if best is None or speed.measured < best.measured:
            best = speed
    return best or "; ".join(reasons)


@contextmanager
def _served(opened: "Browser", folder: Path) -> "Iterator[Page]":
    """A page with TensorFlow.js, answered from a folder."""
    kinds = {".wasm": "application/wasm", ".js": "text/javascript"}
    html = "".join(
        f'<script src="{name}/package/dist/{file}"></script>'
        for name, file in (("tfjs", "tf.min.js"), ("tfjs-backend-wasm", "tf-backend-wasm.min.js"))
    )
    page = opened.new_page()

    def answer(route: Any) -> None:
        path = folder / route.request.url.removeprefix(_ORIGIN)
        if path == folder:
            route.fulfill(body=html, content_type="text/html")
        elif path.is_file():
            route.fulfill(body=path.read_bytes(), content_type=kinds.get(path.suffix, "text/plain"))
        else:
            route.fulfill(status=404)

    page.route(f"{_ORIGIN}**", answer)
    page.goto(_ORIGIN)
    yield page
    page.close()


def _print() -> None:
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as made, browser() as opened:
        folder = Path(made)
        file = folder / "playground.html"
        write_playground(file, ())
        playground = Playground(opened, file)
        speeds = [
            *time_kernel(playground, ROUNDS),
            time_seeds(playground, ROUNDS),
            time_exactness(playground, ROUNDS),
            *time_frames(playground),
        ]
        beside = time_tensorflow(playground, folder, ROUNDS)
        version = opened.version
    if isinstance(beside, Speed):
        speeds.append(beside)
    print_table(
        f"{processor_name()}, {os.cpu_count()} cores, load {load:.1f} before; Chromium {version}; "
        f"medians of {ROUNDS} turns",
        [
            {
                "what": each.what,
                "measured": f"{each.measured:.2f} {each.unit}",
                "goal": f"{'≥' if each.is_least else '≤'} {each.goal:g}",
                "met": "yes" if each.is_met else "no",
                "": each.note,
            }
            for each in speeds
        ],
    )
    if isinstance(beside, str):
        output.print(f"TensorFlow.js left out: {beside}")


if __name__ == "__main__":
    _print()
