"""Which learning rates work, seen over a thousand seeds? The study learning_rate, its claims judged again.

A thousand seeds show the distribution of times to exactness, not only its median. A GPU trains all seeds
of a trial together.
"""

from dataclasses import replace

from ripplecarry.studies.learning_rate import STUDY as LEARNING_RATE

STUDY = replace(
    LEARNING_RATE, name="thousand_seeds_of_rates", question=__doc__, seeds=1000, report_figure=None
)
