"""One self-contained HTML page to explore a run: `write_page` in `writer`, its scripts in `assets`."""
