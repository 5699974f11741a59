"""neuroap train: train a layout on images, and keep what came out."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuroap.commands import load, training_data
from neuroap.commands.layout_file import LayoutFile
from neuroap.commands.outputs import keep_previous, print_json, say, writable_folder, writing
from neuroap.commands.summary import report, scores
from neuroap.rules import AdjointPropagation
from neuroap.rules.adjoint import DALE, ERRORS

if TYPE_CHECKING:
    from neuroap.data import ImageSet
    from neuroap.layout import Layout

RULE = AdjointPropagation()
OF_RULE = (
    *("steps", "error", "beta", "plasticity", "learning_rate", "learning_rate_decay", "recurrent_plasticity"),
    *("bias_plasticity", "weight_decay", "dale"),
)
EXAMPLE = "example: neuroap train models/two_area.py --data digits --block 64 --learning-rate 0.005"
DEVICE = "where the network runs: runtime, cpp_standalone, cuda_standalone or auto (%(default)s)"
CHECKPOINT, HISTORY = "checkpoint.nc", "history.nc"
LAYOUT, FIGURE = "layout.toml", "learning_curve.png"
# What another run does not repeat: what it is about, and where it goes.
NOT_REPEATED = ("help", "layout", "data", "error", "out", "resume", "json")


def add(subparsers: Any) -> None:
    """Declare the command and its options."""
    parser = subparsers.add_parser("train", help="train a layout on images", epilog=EXAMPLE)
    parser.set_defaults(run=run, parser=parser)
    parser.add_argument("layout", metavar="LAYOUT", help="a .py file with a function layout(), or a .toml file")
    data = "a name (digits, mnist, fashion-mnist, cifar10) or a folder; with several tasks TASK=NAME for each"
    parser.add_argument("--data", metavar="[TASK=]NAME", action="append", required=True, help=data)
    parser.add_argument("--epochs", type=int, default=30, help="passes over the training trials (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="seeds weights and orders (%(default)s)")
    parser.add_argument("--out", metavar="DIR", type=Path, default=Path("results"), help="folder (%(default)s)")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in DIR")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    _add_layout_and_device(parser.add_argument_group("network"))
    text = "what is not given is as in RULE of a .py file that has one, else as in parentheses"
    _add_rule(parser.add_argument_group("learning rule", text))


def _add_layout_and_device(group: Any) -> None:
    group.add_argument("--block", type=int, metavar="N", help="neurons per block, if layout() takes 'block'")
    group.add_argument("--batch-size", type=int, metavar="N", help="trials per update (500; fewer for small sets)")
    group.add_argument("--dtype", default="float32", help="float32 or float64 (%(default)s)")
    group.add_argument("--device", default="runtime", help=DEVICE)
    group.add_argument("--precision", default="float32", help="of products on a GPU: float32 or tf32 (%(default)s)")
    order = "several tasks: alternating, simultaneous or sequential (%(default)s)"
    group.add_argument("--task-order", metavar="ORDER", default="alternating", help=order)


def _add_rule(group: Any) -> None:
    steps = "settling steps of both phases ({} {})".format(*RULE.steps)
    group.add_argument("--steps", type=int, nargs=2, metavar=("INFERENCE", "LEARNING"), help=steps)
    kinds = f"short-trajectory or error-perturbed error ({RULE.error})"
    group.add_argument("--error", choices=ERRORS, help=kinds)
    numbers = {
        "beta": "strength of the error drive",
        "learning-rate": "eta",
        "learning-rate-decay": "factor of eta from epoch to epoch",
        "recurrent-plasticity": "alpha: recurrent weights learn with eta * alpha",
        "weight-decay": "lambda",
    }
    for name, text in numbers.items():
        default = getattr(RULE, name.replace("-", "_"))
        group.add_argument(f"--{name}", type=float, metavar="X", help=f"{text} ({default:g})")
    group.add_argument("--bias-plasticity", action="store_true", default=None, help="let biases learn")
    text = f"update of a synapse from what is local to it ({RULE.plasticity_text})"
    group.add_argument("--plasticity", metavar="TEXT", help=text)
    text = f"how weights keep their signs under Dale's law: clip or multiplicative ({RULE.dale})"
    group.add_argument("--dale", choices=DALE, help=text)


def run(args: argparse.Namespace) -> int:
    """Train, write the results, say how it went."""
    file = LayoutFile(args.layout)
    rule = _rule(args, file.rule)
    sets = training_data.load_sets(args.data)
    layout = file.declare(**training_data.sizes(sets), block=args.block)
    sets = training_data.by_task(layout, sets)
    folder = writable_folder(args.out, "--out")
    if args.dale and not any(area.dale for area in layout.areas):
        say(f"--dale {args.dale} changes nothing: no area of {layout.name} obeys Dale's law")
    say(f"{layout.name}: loading Brian2")
    model = load("neuroap.training").CorticalClassifier(
        layout,
        rule,
        epochs=args.epochs,
        batch_size="auto" if args.batch_size is None else args.batch_size,
        dtype=args.dtype,
        device=args.device,
        precision=args.precision,
        task_order=args.task_order,
        checkpoint=folder / CHECKPOINT,
        random_state=args.seed,
    )
    load("neuroap.training.settings").check_settings(model)  # before anything is kept or overwritten
    _look_back(folder / CHECKPOINT, args.resume)
    _fit(model, sets, args)
    files = _write(model.history_, layout, folder)
    result = {"layout": layout.name, **scores(model.history_), "files": files}
    if args.json:
        print_json(result)
    else:
        print(report(result, {task: s.name for task, s in sets.items()}, _next(args, rule)))
    return 0


def _rule(args: argparse.Namespace, usual: AdjointPropagation) -> AdjointPropagation:
    """The rule of the layout's file, with the settings that are given."""
    given = {name: getattr(args, name) for name in OF_RULE}
    return replace(usual, **{name: value for name, value in given.items() if value is not None})


def _look_back(checkpoint: Path, resume: bool) -> None:
    """Say what becomes of the results of an earlier run; a forgotten --resume must not cost them."""
    if resume and not checkpoint.exists():
        say(f"{checkpoint} is not there: nothing to resume, training begins")
    elif checkpoint.exists() and not resume:
        say(f"the checkpoint of an earlier run is kept as {keep_previous(checkpoint)}")


def _fit(model: Any, sets: Mapping[str, ImageSet], args: argparse.Namespace) -> None:
    train, test = training_data.trials(sets)
    try:
        model.fit(train, test=test, resume=args.resume)
    except KeyboardInterrupt:
        if model.checkpoint.exists():
            say(f"\nthe epochs that were finished are kept: add --resume to go on from {model.checkpoint}")
        raise


def _write(history: Any, layout: Layout, folder: Path) -> dict[str, Path]:
    """Write history, layout and learning curve; returns all files by what they hold."""
    files = {name: folder / name for name in (CHECKPOINT, HISTORY, LAYOUT, FIGURE)}
    with writing(files[HISTORY]) as partial:
        history.to_netcdf(partial, engine="h5netcdf")
    with writing(files[LAYOUT]) as partial:
        layout.to_toml(partial)
    figure = load("matplotlib.figure").Figure(figsize=(5, 3.5), layout="constrained")
    load("neuroap.plotting").plot_learning(history, ax=figure.subplots())
    with writing(files[FIGURE]) as partial:
        figure.savefig(partial, dpi=200)
    return {name.partition(".")[0]: path for name, path in files.items()}


def _next(args: argparse.Namespace, rule: AdjointPropagation) -> list[str]:
    """Commands that are worth trying after this one, with the settings of this one."""
    settings = [f"--data {shlex.quote(data)}" for data in args.data]
    for option in args.parser._actions:
        value = getattr(args, option.dest, None)
        if option.dest not in NOT_REPEATED and value != option.default:
            values = [] if value is True else value if isinstance(value, list) else [value]
            settings.append(" ".join([option.option_strings[0], *(shlex.quote(str(each)) for each in values)]))
    layout, other = shlex.quote(args.layout), "EPE" if rule.error == "STE" else "STE"
    out = shlex.quote(f"{args.out}-{other}")
    return [
        f"neuroap train {layout} {' '.join(settings)} --error {other} --out {out}",
        f"neuroap show {layout} --out layout.png",
    ]
