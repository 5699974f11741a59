"""Declarations of initial weights; `neuroap.weights` draws them."""

from __future__ import annotations

import math
import numbers
from dataclasses import dataclass, fields
from typing import ClassVar

from neuroap.errors import LayoutError


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


@dataclass(frozen=True)
class Constant:
    """Biases that are all `value`: a threshold if negative, a drive at rest, and so a spontaneous rate, if positive."""

    kind: ClassVar[str] = "constant"
    value: float

    def __post_init__(self) -> None:
        if not (is_real(self.value) and math.isfinite(self.value)):
            raise LayoutError("Constant.value", "must be a number", self.value, "for example Constant(0.5)")
        object.__setattr__(self, "value", float(self.value))


@dataclass(frozen=True)
class Balanced:
    r"""Biases at which every neuron stays at rest as long as all others do: they cancel the drive at rest.

    .. math:: b_j = - \sum_i f_i(0) \, w_{ij}

    over the recurrent connections and the inference pathways of all tasks, with the rates f(0) of areas at rest, 0 of
    inputs. Where long-range pathways leave excitatory cells alone, it takes the place of the inhibition they lack.
    """

    kind: ClassVar[str] = "balanced"


Initial = Uniform | Normal | Zeros | Constant | Balanced
INITIALS: dict[str, type[Uniform] | type[Normal] | type[Zeros] | type[Constant] | type[Balanced]] = {
    c.kind: c for c in (Uniform, Normal, Zeros, Constant, Balanced)
}

PLACEMENTS = ("distinct", "with-replacement")
PUBLISHED = ("spectral_radius", "connection_rate", "placement")  # settings of a recurrence that are always shown
SPECTRAL_RADIUS = 0.25  # of a recurrence that says nothing else


@dataclass(frozen=True, repr=False)
class Recurrence:
    r"""Fixed random sparse recurrence of an area, W_rec[N, N], scaled to a spectral radius.

    Values are uniform in [-1, 1] at random positions; the matrix is divided by its largest absolute
    eigenvalue and multiplied by `spectral_radius`.

    In an area that obeys Dale's law, values have the sign of the presynaptic cell: those of inhibitory cells are
    multiplied by -g, so that excitation and inhibition of a neuron cancel when all cells have the same rate. The mean
    of such a matrix is an eigenvalue of its own, the *outlier* :math:`\lambda = \sum_{pre} \bar w_{pre}`; the others
    fill a disc, the *bulk* (Rajan & Abbott 2006, https://doi.org/10.1103/PhysRevLett.97.188104). Scaling by the
    largest eigenvalue scales by the outlier if it is large, and leaves the bulk, which carries signals, too small:
    give `bulk_radius` then.

    Parameters
    ----------
    spectral_radius : float, optional
        The largest absolute eigenvalue, exact to 1e-6; 0.25 unless `bulk_radius` is given.
    connection_rate : float
        The fraction of the N * N positions that hold a connection, in (0, 1].
    placement : {"distinct", "with-replacement"}
        "distinct" places ``round(N * N * rate)`` different positions, so that the rate is the density.
        "with-replacement" draws ``int(N * N * rate)`` positions that may coincide and adds their
        values, as the program behind the published figures does (rate 0.25 gives a density of 0.221).
    bulk_radius : float, optional
        Scale to this radius of the bulk (see `neuroap.weights.bulk_radius`) instead of the spectral radius.
    balance : float, optional
        Dale's law: inhibition of a neuron, as a multiple of its excitation; 1 (the default) cancels it, less leaves
        a positive outlier, more a negative one, 0 leaves inhibition out.
    outlier : float, optional
        Dale's law: the outlier, in place of `balance`; it needs `bulk_radius`. It is an eigenvalue with
        ``exact_balance=True``. Otherwise it is that of the mean of the weights alone, and the largest real eigenvalue
        is scattered about it: from 1.0 to 2.6 for ``outlier=2, bulk_radius=1.5`` in eight areas of 256 neurons.
    exact_balance : bool
        Dale's law: scale the inhibition of each neuron by its own excitation. Otherwise they cancel on average over
        neurons, and each neuron keeps a random constant drive. A neuron without inhibitory inputs, which occurs in
        small areas, keeps its excitation.
    """

    spectral_radius: float | None = None
    connection_rate: float = 0.25
    placement: str = "distinct"
    bulk_radius: float | None = None
    balance: float | None = None
    outlier: float | None = None
    exact_balance: bool = False

    def __post_init__(self) -> None:
        if self.bulk_radius is None:
            usual = SPECTRAL_RADIUS if self.spectral_radius is None else self.spectral_radius
            object.__setattr__(self, "spectral_radius", usual)
            set_positive(self, "spectral_radius")
        else:
            set_positive(self, "bulk_radius")
            if self.spectral_radius is not None:
                both = (self.spectral_radius, self.bulk_radius)
                hint = "where one is to replace the other, give the other as None"
                raise LayoutError("Recurrence", "give spectral_radius or bulk_radius, not both", both, hint)
        set_positive(self, "connection_rate", most=1, rule="must lie in (0, 1]")
        if self.placement not in PLACEMENTS:
            raise LayoutError("Recurrence.placement", f"must be one of {PLACEMENTS}", self.placement)
        self._check_balance()

    def __repr__(self) -> str:
        shown = [f for f in fields(self) if f.name in PUBLISHED or getattr(self, f.name) != f.default]
        return f"Recurrence({', '.join(f'{f.name}={getattr(self, f.name)!r}' for f in shown)})"

    def _check_balance(self) -> None:
        for name, least in (("balance", 0.0), ("outlier", -math.inf)):
            value = getattr(self, name)
            if value is None:
                continue
            if not (is_real(value) and math.isfinite(value) and value >= least):
                rule = "must be a number" + (" >= 0" if least == 0 else "")
                raise LayoutError(f"Recurrence.{name}", rule, value)
            object.__setattr__(self, name, float(value))
        if self.outlier is not None and (self.balance is not None or self.bulk_radius is None):
            hint = "Recurrence(bulk_radius=1.5, outlier=0), or Recurrence(bulk_radius=1.5, balance=1)"
            raise LayoutError("Recurrence.outlier", "needs bulk_radius, and takes the place of balance", self, hint)
        if not isinstance(self.exact_balance, bool):
            raise LayoutError("Recurrence.exact_balance", "must be True or False", self.exact_balance)

    @property
    def radius(self) -> float:
        """The radius to which the matrix is scaled: `bulk_radius`, or `spectral_radius`."""
        radius = self.spectral_radius if self.bulk_radius is None else self.bulk_radius
        assert radius is not None
        return radius

    @property
    def signed(self) -> bool:
        """Whether it says something that only Dale's law gives a meaning."""
        return self.balance is not None or self.outlier is not None or self.exact_balance

    @property
    def balance_or_default(self) -> float | None:
        """`balance`, or 1; None where `outlier` is given."""
        return None if self.outlier is not None else 1.0 if self.balance is None else self.balance


def set_positive(
    declaration: object, name: str, most: float = math.inf, rule: str = "must be a positive number"
) -> None:
    """Check a number of a frozen declaration, and store it as a plain float (sweeps give NumPy's)."""
    where, value = f"{type(declaration).__name__}.{name}", getattr(declaration, name)
    if not (is_real(value) and 0 < value <= most and math.isfinite(value)):
        raise LayoutError(where, rule, value)
    object.__setattr__(declaration, name, float(value))


def is_real(value: object) -> bool:
    """Whether a value is a number; truth values are not."""
    return isinstance(value, numbers.Real) and not isinstance(value, bool)
