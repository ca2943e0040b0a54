"""Figures, the report of a sweep, and a run's page."""

import os

# Figures are files. A backend for windows is of no use to them, and one that does not exist would end the
# import of matplotlib; a notebook's is left alone.
if not os.environ.get("MPLBACKEND", "").startswith("module://"):
    os.environ.pop("MPLBACKEND", None)
