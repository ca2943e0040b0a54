"""How Sphinx builds these pages: `make docs`. Nothing is fetched from anywhere."""

from pathlib import Path

from sphinx.application import Sphinx
from sphinx.ext.autodoc import Options

project = "ripplecarry"
author = "the ripplecarry authors"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["*.ipynb"]

html_theme = "furo"
html_title = "ripplecarry"
html_copy_source = False

myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_preserve_defaults = True
# Docstrings are written for Python, with `names` in single backticks.
default_role = "code"


def setup(app: Sphinx) -> None:
    """Verbs show plain types, and say of each parameter what the command's help says."""
    import ripplecarry
    from ripplecarry.verbs.parameters import options_of

    helps = {}
    for name in ripplecarry.__all__:
        found = options_of(getattr(ripplecarry, name)) if name[0].islower() else {}
        helps[f"ripplecarry.{name}"] = {each: option.help for each, (_, _, option) in found.items()}
        for each, (_, kind, _) in found.items():
            getattr(ripplecarry, name).__annotations__[each] = kind

    def add_help(
        app: Sphinx, what: str, name: str, verb: object, options: Options, lines: list[str]
    ) -> None:
        lines += ["", *(f":param {each}: {words}" for each, words in helps.get(name, {}).items())]

    def add_playground(app: Sphinx, error: Exception | None) -> None:
        if error is None:
            ripplecarry.playground(out=Path(app.outdir) / "playground.html")

    app.connect("autodoc-process-docstring", add_help)
    app.connect("build-finished", add_playground)
