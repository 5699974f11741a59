"""Declarations of initial weights; `neuroap.weights` draws them."""

from __future__ import annotations

import math
import numbers
from dataclasses import dataclass
from typing import ClassVar, Literal

from neuroap.errors import LayoutError

FanIn = Literal["source", ""]


@dataclass(frozen=True)
class Uniform:
    """Weights uniform in [-limit, limit].

    Parameters
    ----------
    limit : float
        Half the width of the interval.
    scaled : bool
        Divide `limit` by the square root of the number of source neurons; for the bias of an output,
        of the largest block that drives it.
    """

    kind: ClassVar[str] = "uniform"
    limit: float = 1.0
    scaled: bool = False

    def __post_init__(self) -> None:
        set_positive(self, "limit")


@dataclass(frozen=True)
class Normal:
    """Weights normal with mean 0 and standard deviation `sd`."""

    kind: ClassVar[str] = "normal"
    sd: float = 1.0

    def __post_init__(self) -> None:
        set_positive(self, "sd")


@dataclass(frozen=True)
class Zeros:
    """Weights that start at zero."""

    kind: ClassVar[str] = "zeros"


Initial = Uniform | Normal | Zeros
INITIALS: dict[str, type[Uniform] | type[Normal] | type[Zeros]] = {c.kind: c for c in (Uniform, Normal, Zeros)}

PLACEMENTS = ("distinct", "with-replacement")


@dataclass(frozen=True)
class Recurrence:
    """Fixed random sparse recurrence of an area, W_rec[N, N], scaled to a spectral radius.

    Values are uniform in [-1, 1] at random positions; the matrix is divided by its largest absolute
    eigenvalue and multiplied by `spectral_radius`.

    Parameters
    ----------
    spectral_radius : float
        The largest absolute eigenvalue, exact to 1e-6.
    connection_rate : float
        The fraction of the N * N positions that hold a connection, in (0, 1].
    placement : {"distinct", "with-replacement"}
        "distinct" places ``round(N * N * rate)`` different positions, so that the rate is the density.
        "with-replacement" draws ``int(N * N * rate)`` positions that may coincide and adds their
        values, as the program behind the published figures does (rate 0.25 gives a density of 0.221).
    """

    spectral_radius: float = 0.25
    connection_rate: float = 0.25
    placement: str = "distinct"

    def __post_init__(self) -> None:
        set_positive(self, "spectral_radius")
        set_positive(self, "connection_rate", most=1, rule="must lie in (0, 1]")
        if self.placement not in PLACEMENTS:
            raise LayoutError("Recurrence.placement", f"must be one of {PLACEMENTS}", self.placement)


def set_positive(
    declaration: object, name: str, most: float = math.inf, rule: str = "must be a positive number"
) -> None:
    """Check a number of a frozen declaration, and store it as a plain float (sweeps give NumPy's)."""
    where, value = f"{type(declaration).__name__}.{name}", getattr(declaration, name)
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not (is_number and 0 < value <= most and math.isfinite(value)):
        raise LayoutError(where, rule, value)
    object.__setattr__(declaration, name, float(value))
