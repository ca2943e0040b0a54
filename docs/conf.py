"""How Sphinx builds these pages: `make docs`. Nothing is fetched from anywhere."""

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
