"""Which cell learns fastest, seen over a thousand seeds? The study cell, its claims judged again.

A thousand seeds show the distribution of times to exactness, not only its median. A GPU trains all seeds
of a trial together.
"""

from dataclasses import replace

from ripplecarry.studies.cell import STUDY as CELL

STUDY = replace(CELL, name="thousand_seeds_of_cells", question=__doc__, seeds=1000, report_figure=None)
