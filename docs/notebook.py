"""Makes tour.ipynb from tour.md: `python docs/notebook.py`. The tests see that they say the same."""

import re
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

DOCS = Path(__file__).parent
_CODE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def notebook_of(page: str) -> nbformat.NotebookNode:
    """The notebook with the page's Python blocks as code, and what stands between them as text."""
    cells = []
    for number, part in enumerate(_CODE.split(page)):  # text and code by turns
        if part.strip():
            make = new_code_cell if number % 2 else new_markdown_cell
            # Ids follow from the place, so that the same page gives the same file.
            cells.append(make(part.strip(), id=f"cell-{number}"))
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


if __name__ == "__main__":
    nbformat.write(notebook_of((DOCS / "tour.md").read_text(encoding="utf-8")), DOCS / "tour.ipynb")
