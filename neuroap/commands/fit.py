"""neuroap fit: psychometric functions of trials in a file."""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from neuroap.commands import load
from neuroap.commands.outputs import print_json, say, writable_folder, writing
from neuroap.commands.previous import keep_earlier

EXAMPLE = """example: neuroap fit observer.csv --by noise --out results. A .csv file has a first line with the names
of its columns: stimulus and choice (0 and 1, -1 and 1, or left and right), and conditions such as noise or observer."""
FIT, FIGURE = "fit.nc", "psychometric.png"
ESTIMATES = ("pse", "jnd", "slope", "lapse")
QUALITY = ("deviance", "deviance_p")


def add(subparsers: Any) -> None:
    """Declare the command and its options."""
    parser = subparsers.add_parser("fit", help="fit psychometric functions to trials", epilog=EXAMPLE)
    parser.set_defaults(run=run)
    parser.add_argument("file", metavar="FILE", type=Path, help="trials of a model or an observer: .csv or .nc")
    by = "fit each value of this column, and compare them; may be given several times"
    parser.add_argument("--by", metavar="COLUMN", action="append", default=[], help=by)
    codes = "how the table writes the choices, that for negative levels first; for example --choices ccw cw"
    parser.add_argument("--choices", nargs=2, metavar=("FIRST", "SECOND"), help=codes)
    parser.add_argument("--credible", type=float, default=0.95, help="mass of the intervals (%(default)s)")
    parser.add_argument("--out", metavar="DIR", type=Path, help=f"write {FIT} and {FIGURE} into this folder")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(args: argparse.Namespace) -> int:
    """Fit, print the table, and write the fit and its figure if they are wanted."""
    folder = None if args.out is None else writable_folder(args.out, "--out")
    analysis = load("neuroap.analysis")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        fit = analysis.fit_psychometric(args.file, args.by, args.credible, args.choices)
    for warning in caught:
        say(f"warning: {warning.message}")
    if folder is not None:
        _write(fit, folder)
    if args.json:
        found = {"file": args.file, "credible": args.credible, "fits": _rows(fit), "differences": _differences(fit)}
        print_json(found)
    else:
        print(analysis.psychometric_table(fit))
        if "first" in fit.sizes:
            print(f"\n{analysis.difference_table(fit)}")
    return 0


def _write(fit: Any, folder: Path) -> None:
    keep_earlier((folder / FIT, folder / FIGURE))
    with writing(folder / FIT) as partial:
        fit.to_netcdf(partial, engine="h5netcdf")
    figure = load("matplotlib.figure").Figure(figsize=(5, 3.5), layout="constrained")
    load("neuroap.plotting.psychometric").plot_psychometric(fit, ax=figure.subplots())
    with writing(folder / FIGURE) as partial:
        figure.savefig(partial, dpi=200)
    say(f"files in {folder}: {FIT}, {FIGURE}")


def _rows(fit: Any) -> list[dict[str, Any]]:
    """One object per condition; what is not identifiable is NaN."""
    rows = []
    for key, one in load("neuroap.analysis").conditions(fit):
        values = _numbers(one, ESTIMATES) | {name: float(one[name]) for name in QUALITY}
        rows.append({**key, **values, "reason": str(one["reason"].item())})
    return rows


def _differences(fit: Any) -> list[dict[str, Any]]:
    """How each condition differs from the first, as in the table; none of a single one."""
    if "first" not in fit.sizes:
        return []
    names, second = [f"{name}_difference" for name in ESTIMATES], fit["second"].values[0]
    rows = []
    for first in fit["first"].values[1:]:
        pair = {"first": _plain(first), "second": _plain(second)}
        rows.append(pair | _numbers(fit.sel(first=first, second=second), names))
    return rows


def _numbers(one: Any, names: Sequence[str]) -> dict[str, Any]:
    """Estimates and the ends of their intervals."""
    intervals = {f"{name}_interval": one[f"{name}_interval"].values.tolist() for name in names}
    return {name: float(one[name]) for name in names} | intervals


def _plain(label: Any) -> Any:
    return label.item() if hasattr(label, "item") else label
