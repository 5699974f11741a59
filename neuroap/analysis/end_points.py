"""How near the error of a short trajectory comes to the one between the end points that the phases settle at."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from neuroap.analysis.settling import step_change
from neuroap.analysis.trajectories import as_trajectories, labelled
from neuroap.errors import DataError, SettingError, did_you_mean

ERRORS = ("STE", "EPE")
PHASES = ("inference", "learning")


def end_point_error(rates: Any, settled: Any = None, error: str | None = None, tolerance: float = 1e-3) -> xr.Dataset:
    r"""Distance of the inference and learning phases, and its angle to the end-point error.

    Each phase of a stable area ends at a fixed point. The end-point error is the difference of both,

    .. math:: E = r_{inf}(\infty) - r_{learn}(\infty),

    and the error that the area has after k steps of the learning phase is

    .. math:: e_{STE}(k) = r_{inf}(k) - r_{learn}(k), \qquad e_{EPE}(k) = r_{inf}(T) - r_{learn}(k).

    STE (short-trajectory error) compares two trajectories that start from rest, EPE (error-perturbed error) starts
    the learning phase at the last state T of inference. Learning needs the direction of E: the angle between e(k) and E
    says after how many steps it is there. Figure 3 of Liu et al. (2026), https://doi.org/10.7554/eLife.108237, shows
    such trajectories; the definition of E by the last states of long phases is the one used here.

    Parameters
    ----------
    rates : Dataset or DataArray, dimensions (phase, ..., step, neuron)
        Both phases of the same trials, as `CorticalClassifier.record(X, y)` returns them.
    settled : Dataset or DataArray, optional
        The same trials with enough steps for both phases to settle, whose last states are the end points: what the
        same model gives for ``record(X, y, steps=(200, 200))``. By default those of `rates`; then the angle in the
        last step is 0 by definition.
    error : {"STE", "EPE"}, optional
        How the learning phase starts; by default as the recording `rates` says, "STE" if it does not.
    tolerance : float
        A phase has settled when its last step changes rates by less than this (root mean square over neurons);
        choose it well below the end-point distance. A phase of one step has not settled.

    Returns
    -------
    Dataset
        ``distance(..., step)``, the root mean square of e over neurons; ``angle(..., step)`` of e and E in degrees;
        ``end_point_distance(...)``, the root mean square of E. The last two are NaN where a phase did not settle.

    Raises
    ------
    DataError
        If a phase is missing, or `settled` holds other trials, areas or neurons.
    SettingError
        If `error` is unknown or `tolerance` is not positive.

    Examples
    --------
    >>> rates, settled = model.record(X, y), model.record(X, y, steps=(200, 200))  # doctest: +SKIP
    >>> end_point_error(rates, settled).angle.median("trial")  # degrees, by step and area  # doctest: +SKIP
    """
    if error is None:
        error = str(rates.attrs.get("error", ERRORS[0])) if isinstance(rates, xr.Dataset) else ERRORS[0]
    if error not in ERRORS:
        raise SettingError("end_point_error.error", f"must be one of {ERRORS}", error, did_you_mean(error, ERRORS))
    if not tolerance > 0:
        raise SettingError("end_point_error.tolerance", "must be positive", tolerance)
    data = _both_phases("end_point_error.rates", rates)
    ends = data if settled is None else _both_phases("end_point_error.settled", settled)
    _check_same(data, ends)
    E = _difference(_last(ends).where(_settled(ends, tolerance).all("phase")))
    inference, learning = (data.sel(phase=p, drop=True) for p in PHASES)
    if error == "EPE":
        inference = _last(inference)
    e = (inference - learning).transpose(..., "step", "neuron")
    distance = labelled(_norm(e, mean=True), "", "root mean square difference of inference and learning")
    ends_apart = labelled(_norm(E, mean=True), "", "root mean square difference of the end points")
    angle = labelled(_angle(e, E), "", "angle of the error to the end-point error", "deg")
    return xr.Dataset(
        {"distance": distance, "angle": angle, "end_point_distance": ends_apart},
        attrs={"error": error, "tolerance": tolerance},
    )


def _both_phases(where: str, rates: Any) -> xr.DataArray:
    data = as_trajectories(where, rates)
    found = data["phase"].values.tolist() if "phase" in data.coords else []
    if not set(PHASES) <= set(found):
        hint = "model.record(X, y), with labels, records both"
        raise DataError(where, f"must hold the phases {' and '.join(PHASES)}", found, hint)
    return data.sel(phase=list(PHASES))


def _check_same(data: xr.DataArray, ends: xr.DataArray) -> None:
    where = "end_point_error.settled"
    sizes, others = ({d: n for d, n in a.sizes.items() if d != "step"} for a in (data, ends))
    if sizes != others:
        raise DataError(where, f"must have the sizes of `rates`, {sizes}", others)
    for name in set(sizes) & set(data.indexes) & set(ends.indexes):
        missing = data.indexes[name].difference(ends.indexes[name])
        if len(missing):
            rule = f"must hold the {name}s of `rates`, among them {missing.tolist()[0]!r}"
            raise DataError(where, rule, hint="record both from the same X and y")


def _last(data: xr.DataArray) -> xr.DataArray:
    """Values in the last step that was recorded, which differs between phases and areas."""
    position = xr.DataArray(np.arange(data.sizes["step"]), dims="step")
    index = xr.where(data.notnull(), position, 0).max("step")
    return data.isel(step=index).drop_vars("step")


def _settled(data: xr.DataArray, tolerance: float) -> xr.DataArray:
    if data.sizes["step"] == 1:  # there is no change that could be small
        return xr.zeros_like(data.isel(step=0, neuron=0, drop=True), bool)
    return _last(step_change(data)) < tolerance


def _difference(ends: xr.DataArray) -> xr.DataArray:
    inference, learning = (ends.sel(phase=p, drop=True) for p in PHASES)
    return inference - learning


def _norm(a: xr.DataArray, mean: bool = False) -> xr.DataArray:
    """Length over the neurons that exist, NaN where there is none."""
    squares = a**2
    return (squares.mean("neuron") if mean else squares.sum("neuron", min_count=1)) ** 0.5


def _angle(a: xr.DataArray, b: xr.DataArray) -> xr.DataArray:
    """Angle in degrees; half-angle formula, exact for small angles too, where the arc cosine is not."""
    a, b = a / _norm(a), b / _norm(b)
    half: xr.DataArray = xr.apply_ufunc(np.arctan2, _norm(a - b), _norm(a + b))
    return 2 * np.rad2deg(1) * half
