"""Does DeltaNet track states once its matrices may have negative eigenvalues?

Networks, sequences and tests are those of the study state_tracking, with fewer steps and seeds, since no
kernel knows this cell. Claims are those of Grazzi et al. 2025, "Unlocking state-tracking in linear RNNs
through negative eigenvalues": theorem 1 on parity, which the sign of a permutation is, too; theorem 2 on
counting modulo 3, which powers of a 3-cycle do.
"""

from ripplecarry.claims.study import Study
from ripplecarry.studies.state_tracking import STUDY as STATE_TRACKING
from ripplecarry.studies.state_tracking import tracking

_SOURCE = "Grazzi et al. 2025"

STUDY = Study(
    name="deltanet",
    question=__doc__,
    base=STATE_TRACKING.base.model_copy(update={"steps": 1000}),
    grid={("task", "group"): (("parity", None), ("group", "s3")), "cell": ("deltanet", "deltanet_signed")},
    labels=("parity, [0, 1]", "parity, [-1, 1]", "products in S3, [0, 1]", "products in S3, [-1, 1]"),
    seeds=6,
    claims=(
        tracking("N1", _SOURCE, "parity", "deltanet", tracks=False, layers=1),
        tracking("N2", _SOURCE, "parity", "deltanet_signed", tracks=True, layers=1),
        tracking("N3", _SOURCE, "group", "deltanet", tracks=False, layers=1),
        tracking("N4", _SOURCE, "group", "deltanet_signed", tracks=False, layers=1),
    ),
)
