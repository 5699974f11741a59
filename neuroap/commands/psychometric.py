"""neuroap psychometric: train a layout on a two-alternative task at several noise levels, and fit its choices."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuroap.commands import load
from neuroap.commands.layout_file import LayoutFile
from neuroap.commands.outputs import say, writable_folder, writing
from neuroap.commands.previous import keep_earlier
from neuroap.errors import SettingError, did_you_mean

if TYPE_CHECKING:
    from xarray import Dataset

    from neuroap.rules import AdjointPropagation
    from neuroap.tasks import TwoAlternative

EXAMPLE = "example: neuroap psychometric models/two_choice.py --task gabor --noise 0.2 1 2 4"
TRIALS, FIT, FIGURE = RESULTS = "trials.nc", "fit.nc", "psychometric.png"
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
    file = LayoutFile(args.layout)
    task = task_named(args.task)
    layout = file.declare(task.columns // task.frames, 2, args.block, task.frames)
    print(study(layout, task, args, _rule(file, task))[1])
    trials = shlex.quote(str(args.out / TRIALS))
    print(f"Try next:\n  neuroap fit {trials} --by noise\n  neuroap show {shlex.quote(args.layout)}")
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


def study(
    layout: Any, task: TwoAlternative, args: argparse.Namespace, rule: AdjointPropagation | None = None
) -> tuple[Dataset, str]:
    """Train a network at each noise level, fit psychometric functions, write all files.

    Parameters
    ----------
    layout : Layout or None
        None: that of `neuroap.train`.
    task : TwoAlternative
    args : Namespace
        With the names of `DEFAULTS`, and ``out``, the folder.
    rule : AdjointPropagation, optional
        None: that of `neuroap.train`.

    Returns
    -------
    Dataset, str
        The fits; their table, and the names of the files.

    Raises
    ------
    SettingError, DataError
        Settings out of range; nothing was trained yet.
    """
    tasks = {network_name(sd): task.replace(noise=sd) for sd in dict.fromkeys(args.noise)}
    settings = _checked(task, args)
    folder = writable_folder(args.out, "--out")
    models = [_trained(layout, each, args, rule, folder / name) for name, each in tasks.items()]
    say("training is over: networks answer, and psychometric functions are fitted")
    trials = load("neuroap.psychophysics").experiment(models, list(tasks.values()), **settings)
    analysis = load("neuroap.analysis")
    fit: Dataset = analysis.fit_psychometric(trials, by="noise")
    keep_earlier(folder / name for name in RESULTS)
    for name, dataset in ((TRIALS, trials), (FIT, fit)):
        with writing(folder / name) as partial:
            dataset.to_netcdf(partial, engine="h5netcdf")
    _draw(fit, list(tasks.values()), folder / FIGURE)
    return fit, f"{analysis.psychometric_table(fit)}\n\nFiles in {folder}: {', '.join((*RESULTS, *tasks))}"


def network_name(noise: float) -> str:
    """The file of the network that was trained at this noise level, for `CorticalClassifier.load`."""
    return f"network-noise-{repr(noise).removesuffix('.0')}.nc"


def _rule(file: LayoutFile, task: TwoAlternative) -> AdjointPropagation:
    """The rule of the file, or the published one; say which."""
    network = load("neuroap.psychophysics.network")
    rule: AdjointPropagation = network.rule_for(task, file.rule if file.declares_rule else network.PUBLISHED_RULE)
    source = f"RULE of {file.path}" if file.declares_rule else "that of the published network (the file has no RULE)"
    changed = ", settling for one time constant because the stimuli change" if task.frames > 1 else ""
    say(f"rule: {source}: {rule.error}, steps {rule.steps}, learning rate {rule.learning_rate:g}{changed}")
    return rule


def _checked(task: TwoAlternative, args: argparse.Namespace) -> dict[str, Any]:
    """The settings of the experiment, checked before hours of training."""
    checks, observers = load("neuroap.tasks.checks"), load("neuroap.psychophysics.observers")
    for name in ("epochs", "trials", "batch_size", "repeats"):
        checks.count(f"--{name.replace('_', '-')}", getattr(args, name))
    checks.one_of("--choice", args.choice, observers.CHOICE_RULES)
    checks.seed("--seed", args.seed)
    if args.levels is not None:
        checks.row_of_levels("--levels", args.levels, task.largest_level)
    return {"levels": args.levels, "trials": args.repeats, "choice": args.choice, "seed": args.seed}


def _trained(
    layout: Any, task: TwoAlternative, args: argparse.Namespace, rule: AdjointPropagation | None, path: Path
) -> Any:
    """Train a network, and store it at once: what fails later does not cost it."""
    say(f"noise {task.noise:g}: training")
    names = ("epochs", "trials", "batch_size", "device")
    settings = {name: getattr(args, name) for name in names}
    model = load("neuroap.psychophysics").train(task, layout, rule=rule, random_state=args.seed, **settings)
    keep_earlier([path])
    model.save(path)
    say(f"noise {task.noise:g}: the network is in {path}")
    return model


def _draw(fit: Dataset, tasks: list[TwoAlternative], path: Path) -> None:
    """Draw psychometric functions on the left, and what the networks see on the right."""
    figure = load("matplotlib.figure").Figure(figsize=(9, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))

    load("neuroap.plotting.psychometric").plot_psychometric(fit, ax=left)
    extremes = min(tasks[0].train_levels), 0.0, max(tasks[0].train_levels)
    load("neuroap.plotting.stimuli").plot_stimuli(tasks, levels=extremes, ax=right)
    with writing(path) as partial:
        figure.savefig(partial, dpi=200)
