"""Names, units and settings of fitted psychometric functions, so that a stored fit explains itself."""

from __future__ import annotations

from importlib.metadata import version

import xarray as xr

from neuroap.analysis.counts import MOST_LEVELS
from neuroap.analysis.fitting import DRAWS
from neuroap.analysis.posterior import EXPERIMENTS, PRIORS, ZOOMS
from neuroap.analysis.trials import Trials

# Long names, and units where "level" stands for those of the level.
LABELS = {
    "pse": ("point of subjective equality", "level"),
    "jnd": ("just noticeable difference", "level"),
    "slope": ("slope", "1/level"),
    "lapse": ("lapse rate", "1"),
    "width": ("width", "level"),
    "deviance": ("deviance", "1"),
    "deviance_p": ("posterior predictive p of the deviance", "1"),
    "curve": ("psychometric function", "1"),
}
WHY = {
    "choice": "choices are known: the probability of the positive one against the level",
    "correct": "only right or wrong is known, at unsigned levels: the proportion correct of two alternatives",
}
DEFINITIONS = {
    "pse": ("level at which both choices are equally likely", "not defined for percent correct"),
    "jnd": (
        "half of the distance from 25% to 75% of the function without lapses",
        "level of 75% correct of the function without lapses",
    ),
    "slope": ("dP/dlevel at the PSE, with lapses", "dP/dlevel at the JND, with lapses"),
    "lapse": ("distance of both asymptotes from 0 and 1", "distance of the upper asymptote from 1"),
    "width": ("distance from 5% to 95% of the function without asymptotes",) * 2,
}


def labelled(fit: xr.Dataset, trials: Trials, credible: float) -> xr.Dataset:
    """Add names, units, definitions and settings.

    Parameters
    ----------
    fit : Dataset
        The numbers; changed in place.
    trials : Trials
        Whose settings and units are taken over.
    credible : float
        Mass of the intervals.
    """
    level = trials.attrs["level"]
    level_name, units = str(level.get("long_name", "level")), str(level.get("units", "1"))
    for name, (long_name, kind) in LABELS.items():
        attrs = {"long_name": long_name, "units": _units(kind, units)}
        if name in DEFINITIONS:
            attrs["definition"] = DEFINITIONS[name][trials.kind == "correct"]
        for variable in (name, f"{name}_interval", f"{name}_difference", f"{name}_difference_interval"):
            if variable in fit:
                fit[variable].attrs = attrs | {"long_name": long_name + _suffix(variable, name, credible)}
    _label_counts(fit, trials)
    for coordinate in ("level", "x"):
        fit[coordinate].attrs = {"long_name": level_name, "units": units}
    for name in trials.conditions:
        known = {k: v for k, v in trials.attrs.get(name, {}).items() if k in ("long_name", "units")}
        fit[name].attrs = {"long_name": name} | known
    fit["bound"].attrs = {"long_name": f"end of the {credible:g} credible interval"}
    fit.attrs = {**trials.settings, **_settings(trials, credible)}
    return fit


def _units(kind: str, units: str) -> str:
    if kind == "1/level":
        return "1" if units == "1" else f"1/{units}"
    return units if kind == "level" else kind


def _suffix(variable: str, name: str, credible: float) -> str:
    """What a variable adds to the name of its parameter."""
    words = {"difference": "first minus second condition", "interval": f"{credible:g} credible interval"}
    parts = variable.removeprefix(name).strip("_").split("_")
    return "".join(f", {words[part]}" for part in parts if part)


def _response(trials: Trials) -> str:
    return f"proportion of {trials.words[1]!r}" if trials.kind == "choice" else "proportion correct"


def _label_counts(fit: xr.Dataset, trials: Trials) -> None:
    fit["n_right"].attrs = {"long_name": f"number of answers {trials.words[1]!r}", "units": "1"}
    fit["n_trials"].attrs = {"long_name": "number of trials", "units": "1"}
    fit["identifiable"].attrs = {
        "units": "1",
        "long_name": "everything is identified",
        "flag_values": [0, 1],
        "flag_meanings": "no yes",
    }
    fit["reason"].attrs = {"long_name": "why a parameter is not identifiable", "units": "1"}
    fit["curve"].attrs["long_name"] = _response(trials)


def _settings(trials: Trials, credible: float) -> dict[str, str | float | int]:
    return {
        "response": _response(trials),
        "answers": ", ".join(trials.words),
        "experiment_type": EXPERIMENTS[trials.kind],
        "experiment_type_why": WHY[trials.kind],
        "sigmoid": "cumulative normal",
        "estimate": "posterior mean of threshold, width and lapse rate",
        "credible": credible,
        "credible_kind": f"central intervals; of slope, curve and differences from {DRAWS} posterior draws",
        "overdispersion": "fixed at 0: answers are independent given the level",
        "most_levels": f"{MOST_LEVELS}; if a condition has more, neighbours are pooled",
        "fit_method": f"psignifit, grid narrowed up to {ZOOMS} times",
        "psignifit_version": version("psignifit"),
        **PRIORS,
    }
