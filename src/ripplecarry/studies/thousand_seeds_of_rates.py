"""Which learning rates work, seen over a thousand seeds? The study learning_rate, its claims judged again.

With so many seeds one sees how the times to exactness are spread, not their middle alone. A GPU trains all
seeds of a trial together.
"""

from dataclasses import replace

from ripplecarry.studies.learning_rate import STUDY as LEARNING_RATE

STUDY = replace(
    LEARNING_RATE, name="thousand_seeds_of_rates", question=__doc__, seeds=1000, report_figure=None
)
