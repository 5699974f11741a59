"""neuroap psychometric: train a layout on a two-alternative task at several noise levels, and fit its choices."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuroap.commands import load
from neuroap.commands.layout_file import LayoutFile
from neuroap.commands.outputs import say, writable_folder, writing
from neuroap.errors import SettingError, did_you_mean

if TYPE_CHECKING:
    from xarray import Dataset

    from neuroap.tasks import TwoAlternative

EXAMPLE = "example: neuroap psychometric models/two_choice.py --task gabor --noise 0.2 1 2 4"
TRIALS, FIT, FIGURE = "trials.nc", "fit.nc", "psychometric.png"
# What `study` reads from the options.
DEFAULTS: dict[str, Any] = {
    "task": "gabor",
    "noise": [1.0, 2.0, 4.0],
    "epochs": 20,
    "trials": 400,
    "batch_size": 20,
    "levels": None,
    "repeats": 100,
    "choice": "max",
    "device": "runtime",
    "block": None,
    "seed": 0,
}


def add(subparsers: Any) -> None:
    """Declare the command and its options."""
    text = "train a layout on a two-alternative task, and fit psychometric functions"
    parser = subparsers.add_parser("psychometric", help=text, epilog=EXAMPLE)
    parser.set_defaults(run=run, parser=parser, **DEFAULTS)
    parser.add_argument("layout", metavar="LAYOUT", help="a .py file with a function layout(), or a .toml file")
    parser.add_argument("--task", help="gabor (orientation) or motion (random dots) (%(default)s)")
    parser.add_argument("--noise", type=float, nargs="+", metavar="SD", help="a network is trained at each (1 2 4)")
    parser.add_argument("--levels", type=float, nargs="+", metavar="X", help="levels to show (25, symmetric)")
    parser.add_argument("--repeats", type=int, metavar="N", help="trials shown at each level (%(default)s)")
    parser.add_argument("--choice", help="max: the likelier choice, or sample: by probability (%(default)s)")
    parser.add_argument("--seed", type=int, help="seeds weights, stimuli and choices (%(default)s)")
    parser.add_argument("--out", metavar="DIR", type=Path, default=Path("results"), help="folder (%(default)s)")
    group = parser.add_argument_group("training")
    group.add_argument("--epochs", type=int, help="epochs of fresh trials (%(default)s)")
    group.add_argument("--trials", type=int, metavar="N", help="trials in an epoch (%(default)s)")
    group.add_argument("--batch-size", type=int, metavar="N", help="trials per update; 1: online (%(default)s)")
    group.add_argument("--block", type=int, metavar="N", help="neurons per block, if layout() takes 'block'")
    group.add_argument("--device", help="runtime, cpp_standalone, cuda_standalone or auto (%(default)s)")


def run(args: argparse.Namespace) -> int:
    """Train, measure, fit; write and print what came out."""
    layout = LayoutFile(args.layout)
    task = task_named(args.task)
    declared = layout.declare(task.columns // task.frames, 2, args.block, task.frames)
    print(study(declared, task, args))
    file = shlex.quote(str(args.out / TRIALS))
    print(f"Try next:\n  neuroap fit {file} --by noise\n  neuroap show {shlex.quote(args.layout)}")
    return 0


def task_named(name: str) -> TwoAlternative:
    """The task of that name, with its usual settings.

    Raises
    ------
    SettingError
        For an unknown name.
    """
    known = load("neuroap.tasks").TASKS
    if name not in known:
        raise SettingError("--task", "must be a known task", name, did_you_mean(name, known))
    task: TwoAlternative = known[name]()
    return task


def study(layout: Any, task: TwoAlternative, args: argparse.Namespace) -> str:
    """Train a network at each noise level, fit psychometric functions, write all files.

    Parameters
    ----------
    layout : Layout or None
        None: that of `neuroap.train`.
    task : TwoAlternative
    args : Namespace
        With the names of `DEFAULTS`, and ``out``, the folder.

    Returns
    -------
    str
        The table of the fits, and the names of the files.
    """
    folder = writable_folder(args.out, "--out")
    tasks = [task.replace(noise=sd) for sd in dict.fromkeys(args.noise)]
    models = [_trained(layout, each, args) for each in tasks]
    say(f"{len(models)} networks are trained; they answer, and psychometric functions are fitted")
    settings = {"levels": args.levels, "trials": args.repeats, "choice": args.choice, "seed": args.seed}
    trials = load("neuroap.psychophysics").experiment(models, tasks, **settings)
    analysis = load("neuroap.analysis")
    fit = analysis.fit_psychometric(trials, by="noise")
    for name, dataset in ((TRIALS, trials), (FIT, fit)):
        with writing(folder / name) as partial:
            dataset.to_netcdf(partial, engine="h5netcdf")
    _draw(fit, tasks, folder / FIGURE)
    return f"{analysis.psychometric_table(fit)}\n\nFiles in {folder}: {TRIALS}, {FIT}, {FIGURE}"


def _trained(layout: Any, task: TwoAlternative, args: argparse.Namespace) -> Any:
    say(f"noise {task.noise:g}: training")
    names = ("epochs", "trials", "batch_size", "device")
    settings = {name: getattr(args, name) for name in names}
    return load("neuroap.psychophysics").train(task, layout, random_state=args.seed, **settings)


def _draw(fit: Dataset, tasks: list[TwoAlternative], path: Path) -> None:
    """Draw psychometric functions on the left, and what the networks see on the right."""
    figure = load("matplotlib.figure").Figure(figsize=(9, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))

    load("neuroap.plotting.psychometric").plot_psychometric(fit, ax=left)
    extremes = min(tasks[0].train_levels), 0.0, max(tasks[0].train_levels)
    load("neuroap.plotting.stimuli").plot_stimuli(tasks, levels=extremes, ax=right)
    with writing(path) as partial:
        figure.savefig(partial, dpi=200)
