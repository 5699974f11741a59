"""Fitted psychometric functions as a table of text."""

from __future__ import annotations

import math
from collections.abc import Mapping

import xarray as xr

from neuroap.analysis.conditions import conditions, short, with_units
from neuroap.layout.table import columns

COLUMNS = ("pse", "jnd", "slope", "lapse")
NAMES = {"pse": "PSE", "jnd": "JND", "slope": "slope", "lapse": "lapse rate"}
NOT_KNOWN = "-"
BAD_FIT = 0.01  # posterior predictive p of the deviance


def psychometric_table(fit: xr.Dataset) -> str:
    """Write PSE, JND, slope and lapse rate with intervals and units; below, what is missing or fits badly.

    Parameters
    ----------
    fit : Dataset
        As `fit_psychometric` returns it.
    """
    shown = _shown(fit)
    head = [with_units(fit[d]) for d in fit["identifiable"].dims] + [with_units(fit[n], NAMES[n]) for n in shown]
    rows, reasons, poor = [], [], []
    for key, one in conditions(fit):
        rows.append([*map(short, key.values()), *(_cell(one, name) for name in shown)])
        if reason := str(one["reason"].item()):
            reasons.append(f"{_named(key)}: {reason}")
        if float(one["deviance_p"]) < BAD_FIT:
            poor.append(f"{_named(key)}: deviance {float(one['deviance']):.1f}, p = {float(one['deviance_p']):.2g}")
    lines = [columns(head, rows), "", f"[..]: {100 * fit.attrs['credible']:g}% credible intervals"]
    if reasons:
        lines += ["-: not identifiable", *(f"  {reason}" for reason in reasons)]
    if poor:
        lines += ["The function fits badly:", *(f"  {text}" for text in poor)]
    return "\n".join(lines)


def _named(key: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {short(value)}" for name, value in key.items()) or "all trials"


def difference_table(fit: xr.Dataset) -> str:
    """Write how each condition differs from the first, with intervals and units.

    Parameters
    ----------
    fit : Dataset
        As `fit_psychometric` returns it for two conditions or more.
    """
    shown = _shown(fit)
    rows = []
    first = fit["second"].values[0]
    for label in fit["first"].values[1:]:
        one = fit.sel(first=label, second=first)
        rows.append([f"{short(label)} - {short(first)}", *(_cell(one, f"{name}_difference") for name in shown)])
    return columns(["difference"] + [with_units(fit[n], NAMES[n]) for n in shown], rows)


def _shown(fit: xr.Dataset) -> list[str]:
    """Percent correct has no PSE."""
    return [name for name in COLUMNS if name != "pse" or fit.attrs["experiment_type"] != "2AFC"]


def _cell(one: xr.Dataset, name: str) -> str:
    value, (low, high) = float(one[name]), one[f"{name}_interval"].values
    if math.isnan(value):
        return NOT_KNOWN
    places = decimals(high - low)
    return f"{value:.{places}f} [{low:.{places}f}, {high:.{places}f}]"


def decimals(spread: float) -> int:
    """Decimal places that show two digits of an interval's length."""
    return min(max(1 - math.floor(math.log10(spread)), 0), 9) if spread > 0 else 3
