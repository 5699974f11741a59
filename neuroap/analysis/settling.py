"""How fast states settle: the change from step to step, and the step after which it stays small."""

from __future__ import annotations

from typing import Any

import xarray as xr

from neuroap.analysis.trajectories import as_trajectories, labelled, units
from neuroap.errors import SettingError


def step_change(trajectories: Any) -> xr.DataArray:
    r"""One-step difference of the states, as root mean square over neurons.

    .. math:: du(t) = \sqrt{\tfrac{1}{N} \sum_i (r_i(t) - r_i(t-1))^2}

    A cycle of period 2 has a large du although it is regular: du tells that states settle, not that they are
    chaotic where they do not.

    Parameters
    ----------
    trajectories : Dataset, DataArray or array, shape (..., step, neuron)
        For example what `CorticalClassifier.record` returns.

    Returns
    -------
    DataArray, dimensions (..., step)
        From the second step on; NaN where nothing was recorded.

    Raises
    ------
    DataError
        If `trajectories` has no step or neuron.
    """
    squares = as_trajectories("step_change", trajectories).diff("step") ** 2
    # A neuron that is missing in every step does not exist; one that is missing in some makes the change unknown.
    exists = squares.notnull().any("step")
    change = (squares.where(exists, 0).sum("neuron", skipna=False) / exists.sum("neuron")) ** 0.5
    return labelled(change, "step_change", "root mean square change in one step")


def steps_to_settle(trajectories: Any, tolerance: float = 1e-3) -> xr.DataArray:
    """Step from which on the one-step difference stays below a tolerance.

    Parameters
    ----------
    trajectories : Dataset, DataArray or array, shape (..., step, neuron)
        Without a coordinate ``step``, the first state is that of step 0.
    tolerance : float
        Root mean square change in one step, in units of the states.

    Returns
    -------
    DataArray, dimensions (...)
        NaN where the last step recorded still changes by the tolerance or more, or only one step is there.

    Raises
    ------
    DataError
        If `trajectories` has no step or neuron.
    SettingError
        If `tolerance` is not positive.
    """
    if not tolerance > 0:
        raise SettingError("steps_to_settle.tolerance", "must be positive", tolerance)
    change = step_change(trajectories)
    backward = slice(None, None, -1)
    quiet = ~(change >= tolerance)
    quiet_from_here = quiet.isel(step=backward).cumprod("step").isel(step=backward).astype(bool)
    settled = change["step"].where(quiet_from_here & change.notnull())
    steps = settled.pad(step=(0, 1)).min("step")  # one state has no change, and a minimum needs a value: NaN
    return labelled(steps, "steps_to_settle", f"steps until the change stays below {tolerance:g}", units(change))
