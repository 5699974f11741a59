"""The map of one area: its weights, its activation and its drive, with the Jacobian."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuroap.analysis.maps import Map, check_multiple
from neuroap.errors import DataError, EquationsError, LayoutError, did_you_mean
from neuroap.layout import Area, Layout, activation
from neuroap.names import recurrence_name
from neuroap.regimes.drives import drive_from
from neuroap.regimes.rates import Rate, rate_function
from neuroap.regimes.sources import Source, as_source
from neuroap.timeline import ticks_per_tau
from neuroap.training import CorticalClassifier

Floats = NDArray[np.float64]


def area_map(
    source: CorticalClassifier | Layout | Source,
    area: str,
    X: Any = None,
    y: Any = None,
    *,
    drive: ArrayLike | None = None,
    task: str | None = None,
    dt_ms: float | None = None,
    seed: int = 0,
) -> Map:
    r"""The map that an area iterates under its drive, for exponents, fixed points and stability.

    With dt = tau it is the published one (eq. 1 of doi 10.7554/eLife.108237), over rates:

    .. math:: r' = f(r W + c), \qquad p' = (p W) \odot f'

    with W[N, N] and c[N], or c[B, N] for B states side by side. For dt < tau, over membrane states, a = dt / tau:

    .. math:: u' = (1 - a)\, u + a\, (f(u) W + c), \qquad p' = (1 - a)\, p + a\, (p \odot f') W

    f is the equation of `neuroap.layout.ACTIVATIONS` that the network runs, W its weights. A drive that changes
    makes the map of a whole cycle of it, c_1 to c_T and again, whose exponents are those of the area given its drive
    (conditional exponents: all states that are compared see the same). So do stimuli that change (inputs with several
    frames): a cycle from rest is the window in which the network shows them, and each further one shows them again.

    Parameters
    ----------
    source : CorticalClassifier, Layout or Source
        A trained model, or a layout with the initial weights of `seed`; or what `as_source` made of one of them.
    area : str
    X, y : arrays, optional
        Stimuli whose drive c is (see `neuroap.regimes.drive`); with labels that of the learning phase. None: no
        drive but the bias.
    drive : array, shape (N,), (B, N) or (T, B, N), optional
        All of c, in place of bias and stimuli: include the bias, as `neuroap.regimes.drive` does. With T steps, B = 1
        is the same for all states; what grows or decays by more than exp(700) in T steps cannot be followed.
    task : str, optional
        Needed with stimuli where there are several.
    dt_ms : float, optional
        Integration step; None: that of the model, or tau.
    seed : int
        Of the weights of a layout.

    Returns
    -------
    Map
        Of size N; with a drive of B rows it takes B states, or a multiple of B. With a drive of
        T steps, `per_unit_of_time` turns exponents per cycle into those per step (per tau, if dt < tau).

    Raises
    ------
    LayoutError
        An unknown area.
    EquationsError
        An area with equations of its own: `simulated_lyapunov` takes it.
    DataError
        Stimuli or a drive that do not fit, or both; labels without stimuli.

    Examples
    --------
    >>> from neuroap import hierarchy
    >>> from neuroap.analysis import max_lyapunov
    >>> mle = max_lyapunov(area_map(hierarchy(1, block=32), "V1"), steps=200).mle  # ln(0.25): the origin is stable
    """
    origin = as_source(source, seed)
    node = _area(origin.layout, area)
    c = _drive(origin, node, X, y, drive, task, dt_ms)
    steps = ticks_per_tau(node, origin.dt_ms if dt_ms is None else dt_ms)
    W = origin.weights.get(recurrence_name(area), np.zeros((node.size, node.size)))
    f = rate_function(activation(node.activation))
    cycle = [_Rates(W, each, f) if steps == 1 else _Membrane(W, each, f, 1 / steps) for each in _parts(c)]
    advance = cycle[0] if c.ndim < 3 else _Cycle(cycle)
    units = None if steps == len(cycle) == 1 else steps / len(cycle)
    unit = "step" if steps == 1 else "tau"
    stimuli = 1 if c.ndim == 1 else c.shape[-2]
    return Map(
        advance.step, node.size, None, advance, steps_per_unit=units, time_unit=unit, name=area, multiple=stimuli
    )


class _Advance:
    """Moves states x (B, N) and perturbations p (B, K, N) by one product with W."""

    def __init__(self, W: Floats, c: Floats, f: Rate) -> None:
        self.W, self.c, self.f = W, c, f

    def step(self, x: Floats) -> Floats:
        """The next states, shape (B, N)."""
        return self(x, np.empty((len(x), 0, x.shape[1])))[0]

    def __call__(self, x: Floats, p: Floats) -> tuple[Floats, Floats]:
        raise NotImplementedError

    def _times_w(self, x: Floats, p: Floats) -> tuple[Floats, Floats]:
        """x W and p W, in one product."""
        B, K, N = p.shape
        rows = np.concatenate([x, p.reshape(B * K, N)]) @ self.W  # (B + B K, N) @ (N, N)
        return rows[:B], rows[B:].reshape(p.shape)

    def _driven(self, h: Floats) -> Floats:
        """Add the drive, in place; the drives of several stimuli repeat."""
        c = self.c
        if c.ndim == 2 and len(c) not in (1, len(h)):
            check_multiple(len(h), len(c))
            c = np.tile(c, (len(h) // len(c), 1))
        h += c
        return h


class _Cycle:
    """One step of the map for all steps of a drive that changes."""

    def __init__(self, steps: list[_Rates | _Membrane]) -> None:
        self.steps = steps

    def step(self, x: Floats) -> Floats:
        """The states a cycle later, shape (B, N)."""
        for step in self.steps:
            x = step.step(x)
        return x

    def __call__(self, x: Floats, p: Floats) -> tuple[Floats, Floats]:
        for step in self.steps:
            x, p = step(x, p)
        return x, p


class _Rates(_Advance):
    """dt = tau: states are rates."""

    def __call__(self, x: Floats, p: Floats) -> tuple[Floats, Floats]:
        h, grown = self._times_w(x, p)
        r = self.f.rate(self._driven(h))
        grown *= self.f.slope(r)[:, None, :]
        return r, grown


class _Membrane(_Advance):
    """dt < tau: states are membrane states, which keep a part of themselves."""

    def __init__(self, W: Floats, c: Floats, f: Rate, a: float) -> None:
        super().__init__(W, c, f)
        self.a = a

    def __call__(self, x: Floats, p: Floats) -> tuple[Floats, Floats]:
        r = self.f.rate(x)
        h, grown = self._times_w(r, p * self.f.slope(r)[:, None, :])
        return (1 - self.a) * x + self.a * self._driven(h), (1 - self.a) * p + self.a * grown


def _area(layout: Layout, name: str) -> Area:
    known = {a.name: a for a in layout.areas}
    if name not in known:
        raise LayoutError("area", "no such area", name, did_you_mean(str(name), known))
    if known[name].equations is not None:
        hint = "use neuroap.regimes.simulated_lyapunov, which simulates them"
        raise EquationsError("area", "has equations of its own, whose Jacobian is not known", name, hint)
    return known[name]


def _drive(
    origin: Source, node: Area, X: Any, y: Any, given: ArrayLike | None, task: str | None, dt_ms: float | None
) -> Floats:
    if X is None and y is not None:
        raise DataError("y", "comes with stimuli X, whose error it makes")
    if X is not None and given is not None:
        raise DataError("drive", "takes the place of stimuli: give one of them")
    if X is not None:
        return drive_from(origin, node.name, X, y, task, dt_ms)
    if given is None:
        return origin.bias(node.name)
    c, N = _numbers(given), node.size
    if not 1 <= c.ndim <= 3 or c.shape[-1] != N or not c.size or not np.isfinite(c).all():
        raise DataError("drive", f"must be finite, of shape ({N},), (B, {N}) or (T, B, {N})", c.shape)
    return c


def _numbers(given: ArrayLike) -> Floats:
    """A drive as float64; a complex one would lose a part of itself."""
    try:
        array = np.asarray(given)
        if array.dtype.kind not in "biuf":
            raise TypeError
    except (TypeError, ValueError):  # rows of several lengths have no type at all
        hint = "for example np.zeros(N), or what neuroap.regimes.drive gives"
        raise DataError("drive", "must hold real numbers", type(given).__name__, hint) from None
    return array.astype(np.float64)


def _parts(c: Floats) -> list[Floats]:
    """The drive of each step of a cycle."""
    return list(c) if c.ndim == 3 else [c]
