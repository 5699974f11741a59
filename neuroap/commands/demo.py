"""neuroap demo: psychometric functions of three networks in half a minute, with nothing to prepare."""

from __future__ import annotations

import argparse
import itertools
import math
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuroap.commands import load
from neuroap.commands.psychometric import DEFAULTS, TRIALS, study, task_named

if TYPE_CHECKING:
    from xarray import Dataset

# Fewer trials in the experiment than by default, but as many as an observer would do in a session.
QUICK: dict[str, Any] = {"levels": [-12, -9, -6, -4, -2, -1, 0, 1, 2, 4, 6, 9, 12], "repeats": 60}


def add(subparsers: Any) -> None:
    """Declare the command and its options."""
    text = "train two areas to judge orientation at three noise levels, and fit psychometric functions"
    parser = subparsers.add_parser("demo", help=text)
    parser.set_defaults(run=run, parser=parser, **DEFAULTS | QUICK)
    text = "areas of excitatory and inhibitory cells that obey Dale's law"
    parser.add_argument("--dale", action="store_true", help=text)
    parser.add_argument("--seed", type=int, help="seeds weights, stimuli and choices (%(default)s)")
    parser.add_argument("--out", metavar="DIR", type=Path, default=Path("results"), help="folder (%(default)s)")


def run(args: argparse.Namespace) -> int:
    """Train, measure, fit; say what it shows and what to try next."""
    task = task_named(args.task)
    layout = load("neuroap.psychophysics.network").two_choice(task, dale=True) if args.dale else None
    fit, table = study(layout, task, args)
    print("Is a grating tilted to the left or to the right? Two recurrent areas, trained in pixel noise, answer.\n")
    print(table)
    print(f"\n{_found(fit)}")
    print("Try next:", *_next(args.out), sep="\n  ")
    return 0


def _found(fit: Dataset) -> str:
    """What became of the JND, whatever it is."""
    jnd = fit["jnd"].values.tolist()
    if any(map(math.isnan, jnd)):
        return "Not every JND is known; the lines above say why."
    if all(low < high for low, high in itertools.pairwise(jnd)):
        return "The JND grows with the noise: so many degrees more tilt are needed to be as sure."
    return f"The JND does not grow from each noise level to the next: {', '.join(f'{each:.2g}' for each in jnd)} deg."


def _next(out: Path) -> list[str]:
    """Commands that lead on from here."""
    return [
        f"neuroap fit {shlex.quote(str(out / TRIALS))} --by noise",
        "neuroap psychometric models/two_choice.py --task motion --noise 0.5 1 2 --out motion",
        "neuroap psychometric models/two_choice.py --batch-size 1 --device auto --out online",
    ]
