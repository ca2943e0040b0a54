"""Calling the page's modules in Node."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ripplecarry.reports.page.content import task_content
from ripplecarry.reports.page.playground import KERNEL
from ripplecarry.reports.page.writer import ASSETS
from ripplecarry.runs.trial import Trial

DRIVER = Path(__file__).with_name("call_modules.mjs")


class Modules:
    """The page's modules, where Node finds them."""

    def __init__(self, folder: Path) -> None:
        if shutil.which("node") is None:
            pytest.skip("there is no Node to call the page's modules in")
        self.folder = folder
        for path in ASSETS.glob("*.js"):
            shutil.copy(path, folder)
        (folder / "package.json").write_text('{"type": "module"}')

    def call(self, name: str, argument: Any = None) -> Any:
        """What one call returns; of an error its key."""
        return self.call_each(name, [argument])[0]

    def call_each(self, name: str, arguments: list[Any]) -> list[Any]:
        """What calls with each argument return."""
        calls = json.dumps([[name, argument] for argument in arguments])
        command = ["node", DRIVER, self.folder, KERNEL]
        done = subprocess.run(command, input=calls, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def content_of(trial: Trial) -> dict[str, Any]:
    """A trial's task, as the page has it."""
    return task_content(trial.build_task(), trial.task, trial.factor)
