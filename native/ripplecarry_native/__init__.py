"""The compiled kernel's library; `ripplecarry.engines.native` calls it."""

from pathlib import Path

LIBRARY = Path(__file__).with_name("libripplecarry_native.so")
