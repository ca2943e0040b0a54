"""Draws figures/playground.png, a playground whose network has learnt: `python -m docs.pictures`."""

import tempfile
from pathlib import Path

import ripplecarry as rc
from benchmarks.playground import browser

PICTURE = Path(__file__).parent / "figures/playground.png"
_SIZE = {"width": 1280, "height": 1010}
_SETTINGS = "#v=1&learning_rate=0.01&steps=300"
_NUMBERS = ("888888888", "555555555")
_LEARNT_MS = 300_000


def draw(path: Path) -> None:
    """Trains in headless Chromium, types two numbers, and takes the window from the curves to the sum."""
    with tempfile.TemporaryDirectory() as folder, browser() as chromium:
        page = chromium.new_page(viewport=_SIZE, locale="en", color_scheme="light")
        written = rc.playground(out=Path(folder) / "playground.html")
        page.goto(Path(written.path).as_uri() + _SETTINGS)
        page.click("#start")
        page.wait_for_selector("#start:disabled", timeout=_LEARNT_MS)
        for number, digits in enumerate(_NUMBERS):
            page.locator("#operands input").nth(number).fill(digits)
        page.evaluate("document.activeElement.blur(); document.getElementById('learning').scrollIntoView()")
        answer = sum(map(int, _NUMBERS))
        page.wait_for_selector(f"#answer:has-text('{answer}')", state="attached")
        page.screenshot(path=path)


if __name__ == "__main__":
    draw(PICTURE)
