"""The playground in headless Chromium beside the native engine: `python -m benchmarks.playground`."""

import json
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

import ripplecarry as rc
from ripplecarry.engines.native import NativeEngine
from ripplecarry.networks.initial_values import initial_weights
from ripplecarry.runs.trial import Trial

CELLS = ("rnn", "gru", "lstm")
TURNS = 7
SECONDS = 1.0
"""Of training in each turn."""
EXACT_AT = "#v=1&learning_rate=0.01&steps=1000"
LARGEST = "#v=1&layers=4&hidden_size=128&seeds=8&steps=100000"
LONG_MS = 120_000

# A worker of the page's own modules that trains for so long and tells the milliseconds of a step.
_TIMING = """
async ({ cell, ms }) => {
  const page = window.ripplecarry.page;
  const timing = `
    self.onmessage = async ({ data: { bytes, table, settings, ms } }) => {
      const kernel = await modules.kernel.loadKernel(bytes);
      const task = new modules.task.Task(table, Infinity);
      const shape = modules.settings.shapeOf(settings, task);
      const training = new modules.training.Training(kernel, shape, task, settings, 0n);
      training.network.train(training.how, 20);
      const [began, first] = [performance.now(), training.step];
      while (performance.now() - began < ms) training.network.train(training.how, 10);
      self.postMessage((performance.now() - began) / (training.step - first));
    };`;
  const script = window.scriptOf("worker").replace("modules.worker.start?.();", timing);
  const worker = new Worker(URL.createObjectURL(new Blob([script], { type: "text/javascript" })));
  const settings = { ...page.settings, cell };
  worker.postMessage({ bytes: page.crew.bytes, table: page.table, settings, ms });
  const found = await new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = reject;
  });
  worker.terminate();
  return found;
}
"""

# Gaps between frames and long tasks on the page's thread, from now on.
_WATCH = """
() => {
  const seen = (window.seen = { frames: [], tasks: [] });
  let last = performance.now();
  const frame = () => {
    const now = performance.now();
    seen.frames.push(now - last);
    last = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  new PerformanceObserver((list) => seen.tasks.push(...list.getEntries().map((each) => each.duration)))
    .observe({ type: "longtask" });
}
"""


def native_ms(cell: str) -> float:
    """Milliseconds of a step with x86-64-v2, on the report's network."""
    trial = Trial.build({"cell": cell})
    weights = initial_weights(trial, trial.build_task(), 0)
    trainer = NativeEngine(2).trainer(trial, trial, trial.training_batches(0), weights)
    trainer.advance(20)
    began, first = time.perf_counter(), trainer.step
    while time.perf_counter() - began < SECONDS:
        trainer.advance(10)
    return (time.perf_counter() - began) / (trainer.step - first) * 1e3


def opened(browser: Browser, file: Path, address: str) -> Page:
    """The page, ready to start."""
    page = browser.new_page()
    page.goto(file.as_uri() + address)
    page.wait_for_selector("body[data-state=ready]")
    return page


def seconds_of(browser: Browser, file: Path, seeds: int) -> float:
    """Seconds from the click to the last of 1,000 steps."""
    page = opened(browser, file, f"#v=1&steps=1000&seeds={seeds}")
    began = time.perf_counter()
    page.click("#start")
    page.wait_for_selector("#start:disabled", timeout=LONG_MS)
    spent = time.perf_counter() - began
    page.close()
    return spent


def seconds_to_exact(browser: Browser, file: Path) -> float:
    """Seconds from the click until 1,000 random sums are right in every digit."""
    page = opened(browser, file, EXACT_AT)
    began = time.perf_counter()
    page.click("#start")
    page.wait_for_selector("#status:has-text('exact match 100 %')", timeout=LONG_MS)
    spent = time.perf_counter() - began
    page.close()
    return spent


def frames(browser: Browser, file: Path, address: str) -> str:
    """The page's thread while it trains for a while, in words."""
    page = opened(browser, file, address)
    page.evaluate(_WATCH)
    page.click("#start")
    page.wait_for_timeout(5000)
    seen = json.loads(page.evaluate("() => JSON.stringify(window.seen)"))
    page.close()
    gaps = sorted(seen["frames"])
    tasks = max(seen["tasks"], default=0)
    return (
        f"{len(gaps)} frames, 99 % within {gaps[int(0.99 * (len(gaps) - 1))]:.0f} ms, "
        f"the longest {gaps[-1]:.0f} ms; "
        f"{len(seen['tasks'])} tasks over 50 ms" + (f", the longest {tasks:.0f} ms" if tasks else "")
    )


def main() -> None:
    """Prints all of it."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as started:
        file = rc.playground(out=Path(folder) / "playground.html").path
        browser = started.chromium.launch(executable_path=shutil.which("chromium"))
        print(f"Chromium {browser.version}; medians of {TURNS} turns, page and native by turns")
        page = opened(browser, file, "#v=1")
        for cell in CELLS:
            ours, theirs = [], []
            for _ in range(TURNS):
                ours.append(page.evaluate(_TIMING, {"cell": cell, "ms": SECONDS * 1e3}))
                theirs.append(native_ms(cell))
            ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
            print(
                f"{cell.upper():4} a step: {statistics.median(ours):.2f} ms in the page, "
                f"{statistics.median(theirs):.2f} ms natively at x86-64-v2, {ratio:.2f} times"
            )
        page.close()
        one, two = ([seconds_of(browser, file, seeds) for _ in range(3)] for seeds in (1, 2))
        ratio = statistics.median(two) / statistics.median(one)
        print(
            f"1,000 steps: {statistics.median(one):.2f} s; two seeds, two workers: {ratio:.2f} times that"
        )
        exact = statistics.median(seconds_to_exact(browser, file) for _ in range(3))
        print(f"click to exact match 1 at a learning rate of 0.01: {exact:.2f} s")
        print(f"page's thread, the report's network: {frames(browser, file, '#v=1&steps=100000')}")
        print(f"page's thread, 8 seeds of 4 layers and 128 units: {frames(browser, file, LARGEST)}")
        browser.close()


if __name__ == "__main__":
    sys.exit(main())
