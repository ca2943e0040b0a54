"""Builds the native engine's kernel into the wheel. Where it cannot be built the wheel does without it."""

import os
import shutil
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).parent / "native"))

from build_kernel import TARGETS, BuildError, build, target_here

ENGINES = "ripplecarry/engines"


class KernelHook(BuildHookInterface):
    """Adds the library, and the platform that it is for, to a wheel; and the library for WebAssembly.

    RIPPLECARRY_TARGET names another machine's target; that wheel is not made without the library.
    """

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called before the wheel is written; an editable install finds the library in the source tree."""
        asked_for = os.environ.get("RIPPLECARRY_TARGET")
        self._folder = Path(tempfile.mkdtemp(prefix="ripplecarry-wheel-"))
        self._place = Path(self.root, "src", ENGINES) if version == "editable" else self._folder
        self._included = build_data["force_include"] if version != "editable" else {}
        try:
            self._add("wasm", "wasm")
        except (BuildError, OSError) as error:
            self.app.display_warning(f"ripplecarry does without its playground: {error}")
        try:
            name = asked_for or target_here()
            self._add(name, asked_for)
        except (BuildError, OSError) as error:
            if asked_for:
                raise
            self.app.display_warning(
                f"ripplecarry does without its native engine, several times slower: {error}"
            )
            return
        target = TARGETS[name]
        # ctypes calls it, so any Python 3 will do
        build_data["tag"] = (
            f"py3-none-{target.wheel_tag if asked_for else _platform_here(target.wheel_tag)}"
        )
        build_data["pure_python"] = False

    def _add(self, name: str, asked_for: str | None) -> None:
        """Builds the library of a target into the package."""
        file = "_kernel" + TARGETS[name].suffix
        library = self._place / file
        library.unlink(missing_ok=True)  # an old one must not pass for the one that was not built
        build(library, asked_for)
        self._included[str(library)] = f"{ENGINES}/{file}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Called when the wheel is written."""
        shutil.rmtree(self._folder, ignore_errors=True)


def _platform_here(tag: str) -> str:
    """A wheel for this machine alone asks nothing of the system's version."""
    is_linux = sys.platform == "linux"
    return sysconfig.get_platform().replace("-", "_").replace(".", "_") if is_linux else tag
