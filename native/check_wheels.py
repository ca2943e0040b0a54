"""Checks what `make wheels` made: `python native/check_wheels.py FOLDER`.

Each wheel holds one library, for its platform and for any Python 3; the source distribution holds the
kernel's sources and no library.
"""

import sys
import tarfile
import zipfile
from pathlib import Path

from build_kernel import TARGETS

# How a library of a system and processor begins, from the format's header: ELF's machine, Mach-O's
# processor, PE's machine.
_MACHINES = {
    "linux-x86_64": (18, b"\x3e\x00"),
    "linux-aarch64": (18, b"\xb7\x00"),
    "macos-x86_64": (0, b"\xcf\xfa\xed\xfe\x07\x00\x00\x01"),
    "macos-arm64": (0, b"\xcf\xfa\xed\xfe\x0c\x00\x00\x01"),
    "windows-x86_64": (None, b"PE\x00\x00\x64\x86"),
}
_LIBRARIES = (".so", ".dylib", ".dll", ".pyd")  # of systems; the one for WebAssembly is in every wheel


def complaints(folder: Path) -> list[str]:
    """What is wrong, a line each."""
    found = []
    for name, (place, beginning) in _MACHINES.items():
        target = TARGETS[name]
        wheels = list(folder.glob(f"ripplecarry-*-py3-none-{target.wheel_tag}.whl"))
        if len(wheels) != 1:
            found.append(f"{name}: {len(wheels)} wheels, not 1")
            continue
        with zipfile.ZipFile(wheels[0]) as wheel:
            libraries = [each for each in wheel.namelist() if each.endswith(_LIBRARIES)]
            if libraries != [f"ripplecarry/engines/_kernel{target.suffix}"]:
                found.append(f"{wheels[0].name}: its libraries are {libraries}")
                continue
            content = wheel.read(libraries[0])
            if "ripplecarry/engines/_kernel.wasm" not in wheel.namelist():
                found.append(f"{wheels[0].name}: it has no library for the playground")
        start = int.from_bytes(content[0x3C:0x40], "little") if place is None else place
        if content[start : start + len(beginning)] != beginning:
            found.append(f"{wheels[0].name}: its library is another processor's or system's")
        if b"zig " not in content:
            found.append(f"{wheels[0].name}: its library does not say what built it")
    sources = list(folder.glob("ripplecarry-*.tar.gz"))
    inside = set()
    for file in sources:
        with tarfile.open(file) as packed:
            inside |= {name.partition("/")[2] for name in packed.getnames()}
    needed = {"hatch_build.py", "native/build_kernel.py", "native/src/api.cpp", "constraints.txt"}
    if needed - inside:
        found.append(f"the source distribution lacks {', '.join(sorted(needed - inside))}")
    found += [f"the source distribution holds {name}" for name in inside if name.endswith(_LIBRARIES)]
    return found


if __name__ == "__main__":
    wrong = complaints(Path(sys.argv[1]))
    print("\n".join(wrong) or "the wheels are for their platforms, and the source distribution is whole")
    sys.exit(bool(wrong))
