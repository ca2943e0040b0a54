"""The bounds on float32 rounding errors that certificates rest on.

Each bound holds for IEEE float32, rounding to nearest, in any order of summation, with or without fused
multiply-add, with subnormal results and operands kept or flushed to zero. docs/proof.md derives them.
"""

from dataclasses import asdict, dataclass

from ripplecarry.errors import CertificateRefused

UNIT_ROUNDOFF = 2.0**-24
"""The largest relative error of one float32 operation, rounding to nearest."""

SMALLEST_NORMAL = 2.0**-126
"""What a subnormal value may lose when written, and again when read."""


@dataclass(frozen=True)
class RoundingModel:
    """The constants of the bounds, as a certificate states them."""

    unit_roundoff: float = UNIT_ROUNDOFF
    subnormal: float = SMALLEST_NORMAL
    extra_terms: int = 8
    """Roundings a sum may have besides one for each of its terms: a gate's product, a join, a margin."""
    function_relative: float = 8 * 2.0**-23
    """tanh and sigmoid: relative error, eight units in the last place at most."""
    function_absolute: float = 2.0**-124
    """tanh and sigmoid: absolute error as well, 2^-125 for a subnormal result and for reading it."""
    largest: float = 2.0**126
    """Sums of absolute values must stay well below overflow."""

    def gamma(self, num_terms: int) -> float:
        """The relative error of a sum of this many products (Higham 2002, lemma 3.1), rounded up.

        Raises:
            CertificateRefused: too many terms for the bound to hold.
        """
        share = (num_terms + self.extra_terms) * self.unit_roundoff
        if not share < 0.25:
            raise CertificateRefused(f"a sum has {num_terms} terms, too many for float32")
        return share / (1 - share) * (1 + 2.0**-40)

    def sum_absolute(self, num_terms: int) -> float:
        """The absolute error of such a sum if products, partial sums or results are subnormal."""
        return 4 * (num_terms + self.extra_terms) * self.subnormal

    def as_dict(self) -> dict[str, float | int]:
        return asdict(self)


ROUNDING = RoundingModel()
