"""neuroap fit: psychometric functions of trials in a file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from neuroap.commands import load
from neuroap.commands.outputs import print_json, say, writable_folder, writing

EXAMPLE = """example: neuroap fit observer.csv --by noise --out results. A .csv file has a first line with the names
of its columns: stimulus and choice (0 and 1, -1 and 1, or left and right), and conditions such as noise or observer."""
FIT, FIGURE = "fit.nc", "psychometric.png"
ESTIMATES = ("pse", "jnd", "slope", "lapse")


def add(subparsers: Any) -> None:
    """Declare the command and its options."""
    parser = subparsers.add_parser("fit", help="fit psychometric functions to trials", epilog=EXAMPLE)
    parser.set_defaults(run=run)
    parser.add_argument("file", metavar="FILE", type=Path, help="trials of a model or an observer: .csv or .nc")
    by = "fit each value of this column, and compare them; may be given several times"
    parser.add_argument("--by", metavar="COLUMN", action="append", default=[], help=by)
    parser.add_argument("--credible", type=float, default=0.95, help="mass of the intervals (%(default)s)")
    parser.add_argument("--out", metavar="DIR", type=Path, help=f"write {FIT} and {FIGURE} into this folder")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(args: argparse.Namespace) -> int:
    """Fit, print the table, and write the fit and its figure if they are wanted."""
    folder = None if args.out is None else writable_folder(args.out, "--out")
    analysis = load("neuroap.analysis")
    fit = analysis.fit_psychometric(args.file, args.by, args.credible)
    if folder is not None:
        _write(fit, folder)
    if args.json:
        print_json({"file": args.file, "credible": args.credible, "fits": _rows(fit)})
    else:
        print(analysis.psychometric_table(fit))
        if "first" in fit.sizes:
            print(f"\n{analysis.difference_table(fit)}")
    return 0


def _write(fit: Any, folder: Path) -> None:
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
        values = {name: float(one[name]) for name in ESTIMATES}
        intervals = {f"{name}_interval": one[f"{name}_interval"].values.tolist() for name in ESTIMATES}
        rows.append({**key, **values, **intervals, "reason": str(one["reason"].item())})
    return rows
