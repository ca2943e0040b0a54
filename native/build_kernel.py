"""Builds the kernel's library: `python native/build_kernel.py FILE`, or with `--target NAME` for others.

The compiler is Zig's, pinned in pyproject.toml, so that the same source gives the same bits everywhere.
`--compiler c++`, or RIPPLECARRY_CXX in the environment, names one of the system's for this machine instead.
"""

import argparse
import os
import platform
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

SOURCE = Path(__file__).with_name("src")


@dataclass(frozen=True)
class Target:
    """A system and processor that the kernel is built for."""

    triple: str
    """Zig's name, with the oldest version of the system."""
    suffix: str
    wheel_tag: str | None = None

    @property
    def is_x86(self) -> bool:
        return self.triple.startswith("x86_64")


TARGETS = {
    "linux-x86_64": Target("x86_64-linux-gnu.2.28", ".so", "manylinux_2_28_x86_64"),
    "linux-aarch64": Target("aarch64-linux-gnu.2.28", ".so", "manylinux_2_28_aarch64"),
    "musl-x86_64": Target("x86_64-linux-musl", ".so", "musllinux_1_2_x86_64"),
    "musl-aarch64": Target("aarch64-linux-musl", ".so", "musllinux_1_2_aarch64"),
    "macos-x86_64": Target("x86_64-macos.11.0", ".dylib", "macosx_11_0_x86_64"),
    "macos-arm64": Target("aarch64-macos.11.0", ".dylib", "macosx_11_0_arm64"),
    "windows-x86_64": Target("x86_64-windows-gnu", ".dll", "win_amd64"),
    "wasm": Target("wasm32-wasi", ".wasm"),
}

# Not -ffast-math: it removes the rounding trick of the exponential, and gradients that are wrong by a
# tenth still train plausibly.
_FLAGS = ["-std=gnu++17", "-O3", "-fno-math-errno", "-fno-trapping-math", "-fno-signed-zeros"]
_FLAGS += ["-fno-exceptions", "-fno-rtti", "-fvisibility=hidden", "-Wall", "-Wextra", "-Wno-psabi"]

# Clang fuses a multiplication and an addition of one expression, which the source alone decides. GCC
# before 14 has no such mode: it fuses nothing, or whatever it likes.
_FUSES = "-ffp-contract=on"
_GCC_FUSES = "-ffp-contract=fast"

_SANITIZERS = ["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]

# For speed: vectors of 512 bits too, which compilers avoid by themselves.
_WIDE = "-mprefer-vector-width=512"


class BuildError(Exception):
    """The kernel was not built; the text says why, in one line."""


def target_here() -> str:
    """The name of this machine's target.

    Raises:
        BuildError: there is none.
    """
    system = {"darwin": "macos", "win32": "windows"}.get(sys.platform, sys.platform)
    if system == "linux" and "musl" in (sysconfig.get_config_var("HOST_GNU_TYPE") or ""):
        system = "musl"
    machine = platform.machine()
    if system == "windows":  # where a Python for another processor may run
        machine = {"win-amd64": "x86_64"}.get(sysconfig.get_platform(), machine)
    name = f"{system}-{machine}"
    if name not in TARGETS or sys.maxsize < 2**32:
        raise BuildError(f"the kernel is not made for {sysconfig.get_platform()}")
    return name


def build(
    file: Path, target_name: str | None = None, compiler: str | None = None, sanitize: bool = False
) -> None:
    """Writes the library for a target, this machine's by default.

    Raises:
        BuildError: there is no compiler, or it failed.
    """
    target = TARGETS[target_name or target_here()]
    if target_name is None:
        compiler = compiler or os.environ.get("RIPPLECARRY_CXX")
    with tempfile.TemporaryDirectory(prefix="ripplecarry-kernel-") as folder:
        if compiler:
            tool = SystemCompiler(compiler, target, [*_FLAGS, *(_SANITIZERS if sanitize else [])])
        else:
            tool = Zig(target, _FLAGS, Path(folder))
        objects = {Path(folder, "api.o"): ("api.cpp", None)}
        for level in (2, 3, 4) if target.is_x86 else (0,):
            objects[Path(folder, f"level_{level}.o")] = ("kernel.cpp", level)
        if target.suffix == ".wasm":
            objects[Path(folder, "wasm.o")] = ("wasm.cpp", None)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for _ in pool.map(lambda item: tool.compile(*item[1], item[0]), objects.items()):
                pass
        # Inline functions of the standard library may be the same symbols in every object, and linkers
        # keep the first one's: the oldest instruction set comes first, so that no newer one's code runs
        # where it cannot.
        built = Path(folder, "_kernel" + target.suffix)
        tool.link(list(objects), built)
        file.parent.mkdir(parents=True, exist_ok=True)
        waiting = file.with_name(file.name + ".new")
        shutil.copyfile(built, waiting)
        waiting.replace(file)  # a process that has the old one loaded keeps it


class SystemCompiler:
    """A compiler of the system's, as `c++`, for this machine."""

    def __init__(self, command: str, target: Target, flags: Sequence[str]) -> None:
        self._command = shlex.split(command)
        self._flags = [*flags, f"-DRIPPLECARRY_X86={int(target.is_x86)}"]
        is_clang = "clang" in self._run("--version").lower()
        self._flags.append(_FUSES if is_clang else _GCC_FUSES)
        self._shares = "-fPIC" if target.suffix != ".dll" else "-static"

    def compile(self, source: str, level: int | None, result: Path) -> None:
        """Makes an object of a source, with an x86-64 level where it is compiled once for each."""
        isa = [] if level is None else [f"-DRIPPLECARRY_ISA=isa_v{level or 2}"]
        march = [f"-march=x86-64-v{level}"] if level else []
        wide = [_WIDE] if level == 4 else []
        self._run(
            *self._flags, self._shares, *isa, *march, *wide, "-c", str(SOURCE / source), "-o", str(result)
        )

    def link(self, objects: Sequence[Path], result: Path) -> None:
        """Makes the library of its objects."""
        self._run(*self._flags, self._shares, "-shared", *map(str, objects), "-o", str(result))

    def _run(self, *arguments: str) -> str:
        return _run([*self._command, *arguments], os.environ)


class Zig:
    """The compiler of the package ziglang, for any target."""

    def __init__(self, target: Target, flags: Sequence[str], folder: Path) -> None:
        try:
            version = metadata.version("ziglang")
        except metadata.PackageNotFoundError:
            raise BuildError("the package ziglang is not installed") from None
        self._target = target
        self._flags = [
            *flags,
            _FUSES,
            "-g0",
            f"-DRIPPLECARRY_X86={int(target.is_x86)}",
            f"-DRIPPLECARRY_ZIG={version}",
        ]
        # what it keeps from build to build; unless told where, nothing is left behind
        cache = os.environ.get("ZIG_GLOBAL_CACHE_DIR", str(folder / "cache"))
        self._environment = os.environ | {"ZIG_GLOBAL_CACHE_DIR": cache, "ZIG_LOCAL_CACHE_DIR": cache}

    def compile(self, source: str, level: int | None, result: Path) -> None:
        """Makes an object of a source, with an x86-64 level where it is compiled once for each."""
        isa = [] if level is None else [f"-DRIPPLECARRY_ISA=isa_v{level or 2}"]
        wide = [_WIDE] if level == 4 else []
        self._run(
            "c++",
            *self._processor(level),
            *self._flags,
            *isa,
            *wide,
            "-c",
            str(SOURCE / source),
            "-o",
            str(result),
        )

    def link(self, objects: Sequence[Path], result: Path) -> None:
        """Makes the library of its objects, without any C++ library."""
        kind = ["-shared"]
        if self._target.suffix == ".wasm":
            kind = ["-nostdlib", "-rdynamic", "-Wl,--no-entry"]
        elif self._target.suffix == ".dylib":
            kind += ["-Wl,-install_name,@rpath/_kernel.dylib"]  # instead of this build's folder
        elif self._target.suffix == ".dll":
            # Windows' own C library has all that the kernel calls; Zig's start-up code for it would take
            # minutes to build.
            kind += ["-nostdlib", "-Wl,--no-entry", "-lucrtbase"]
        self._run("cc", *self._processor(None), "-O3", "-s", *kind, *map(str, objects), "-o", str(result))

    def _processor(self, level: int | None) -> list[str]:
        if self._target.suffix == ".wasm":
            name = "generic+simd128+bulk_memory"
        else:
            name = f"x86_64_v{level}" if level else "x86_64" if self._target.is_x86 else "generic"
        return ["-target", self._target.triple, f"-mcpu={name}"]

    def _run(self, *arguments: str) -> str:
        return _run([sys.executable, "-m", "ziglang", *arguments], self._environment)


def _run(command: Sequence[str], environment: Mapping[str, str]) -> str:
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    except OSError as error:
        raise BuildError(f"{command[0]}: {error.strerror}") from None
    if done.returncode:
        lines = done.stderr.splitlines() or [f"{command[0]} ended with status {done.returncode}"]
        reason = next((line for line in lines if "error" in line), lines[0])
        raise BuildError(f"the compiler failed: {reason.strip()}")
    return done.stdout


def main() -> None:
    """Builds one library, as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--target", choices=TARGETS, help="this machine's unless given")
    parser.add_argument("--compiler", help="a system compiler for this machine, instead of Zig's")
    parser.add_argument(
        "--sanitize", action="store_true", help="address and undefined-behaviour sanitizers; not with Zig"
    )
    options = parser.parse_args()
    try:
        build(options.file, options.target, options.compiler, options.sanitize)
    except BuildError as error:
        sys.exit(f"build_kernel: {error}")


if __name__ == "__main__":
    main()
