"""neuroap sweep: run a Python function over a grid of settings and seeds."""

from __future__ import annotations

import argparse
import ast
import inspect
import os
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuroap.commands import load
from neuroap.commands.outputs import say, writable_folder, writing
from neuroap.commands.summary import duration
from neuroap.commands.values import value, values
from neuroap.errors import SettingError, did_you_mean

if TYPE_CHECKING:
    from xarray import Dataset

EXAMPLE = "example: neuroap sweep mymodule:run --over spectral_radius=0.1:2:20 --over beta=0.5,1 --seeds 3 --store out"
RESULT = "sweep.nc"
OK, SOME_FAILED = 0, 1
BRACKETS = (("(", ")"), ("[", "]"), ("{", "}"))
SHOWN = 3  # failed points that the summary names


def add(subparsers: Any) -> None:
    """Declare the command and its options."""
    parser = subparsers.add_parser("sweep", help="run a function over a grid of settings", epilog=EXAMPLE)
    parser.set_defaults(run=run, parser=parser)
    text = "a function that can be imported, here or installed: it takes what --over and --set name, and seed"
    parser.add_argument("function", metavar="MODULE:FUNCTION", help=text)
    over = "values of an argument: 0.5,1,2 or START:STOP:NUMBER (both ends included); once for each argument"
    parser.add_argument("--over", metavar="NAME=VALUES", action="append", required=True, help=over)
    parser.add_argument("--set", metavar="NAME=VALUE", action="append", default=[], help="an argument that stays")
    parser.add_argument("--seeds", type=int, default=1, metavar="N", help="repetitions of the grid (%(default)s)")
    parser.add_argument("--no-seed", action="store_true", help="the function takes no argument seed")
    parser.add_argument("--store", metavar="DIR", type=Path, required=True, help="folder; a re-run goes on from it")
    parser.add_argument("--workers", type=int, metavar="N", help="processes on this machine (one per core)")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="a Dask scheduler, such as tcp://host:8786")
    parser.add_argument("--no-retry", action="store_true", help="leave points alone that failed before")


def run(args: argparse.Namespace) -> int:
    """Run the sweep, write its Dataset, say what came out; 1 if points failed."""
    function = imported(args.function)
    over = _named("--over", args.over, _listed)
    fixed = _named("--set", args.set, value)
    _check_names(fixed)
    if args.scheduler is not None:
        _send_whole(function)
    folder = writable_folder(args.store, "--store")
    started = time.monotonic()
    result = _swept(function, over, fixed, args)
    with writing(folder / RESULT) as partial:
        result.to_netcdf(partial, engine="h5netcdf")
    print(report(result, time.monotonic() - started))
    say(f"files in {folder}: {RESULT}, points")
    return SOME_FAILED if (result["error"] != "").any() else OK


def _swept(
    function: Callable[..., Any], over: dict[str, Any], fixed: dict[str, Any], args: argparse.Namespace
) -> Dataset:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"\d+ of \d+ points failed", category=RuntimeWarning)
        result: Dataset = load("neuroap.sweeps").sweep(
            function,
            over,
            store=args.store,
            seeds=None if args.no_seed else args.seeds,
            workers=args.workers,
            scheduler=args.scheduler,
            retry=not args.no_retry,
            **fixed,
        )
    return result


def _check_names(fixed: dict[str, Any]) -> None:
    """Refuse arguments whose names `sweep` takes for itself."""
    own = inspect.signature(load("neuroap.sweeps").sweep).parameters
    taken = sorted(name for name in fixed if name in own and own[name].kind is not inspect.Parameter.VAR_KEYWORD)
    if taken:
        hint = "give it in --over, with one value, or rename it"
        raise SettingError("--set", "is a setting of the sweep itself", taken[0], hint)


def _send_whole(function: Callable[..., Any]) -> None:
    """Have a function of the current folder sent with its code: workers of a cluster run in other folders."""
    module = inspect.getmodule(function)
    file = getattr(module, "__file__", None)
    if file is not None and Path(file).resolve().parent == Path.cwd():
        load("cloudpickle").register_pickle_by_value(module)


def imported(name: str) -> Callable[..., Any]:
    """Import a function by ``module:function``; modules in the current folder are found too.

    Raises
    ------
    SettingError
        If there is no such module or function, or the module fails when it is imported.
    """
    module, colon, function = name.partition(":")
    if not (module and colon and function) or module.endswith(".py"):
        hint = "the function run() of the file study.py is study:run"
        raise SettingError("MODULE:FUNCTION", "must name a module and a function", name, hint)
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        found = load(module)
    except (Exception, SystemExit) as error:  # whatever the user's module raises; it must not end the command
        hint = """put what only a script does below `if __name__ == "__main__":`""" * isinstance(error, SystemExit)
        reason = f"{type(error).__name__}: {error}".removesuffix(": ")
        raise SettingError(module, f"cannot be imported ({reason})", hint=hint) from error
    if not callable(getattr(found, function, None)):
        names = [n for n, value in vars(found).items() if callable(value) and not n.startswith("_")]
        raise SettingError(module, "it has no such function", function, did_you_mean(function, names))
    callable_: Callable[..., Any] = getattr(found, function)
    return callable_


def report(result: Dataset, seconds: float) -> str:
    """Sum a sweep up: how many points, how many failed, and why the first of them did.

    Parameters
    ----------
    result : Dataset
        As `neuroap.sweep` gives it.
    seconds : float
        How long it took.
    """
    error = result["error"]
    # Not a table of the points (stack): each name that it could have may be the name of an axis.
    failed = list(zip(*(error != "").values.nonzero(), strict=True))
    lines = [f"{error.size} points, {len(failed)} failed, {duration(seconds)}"]
    for place in failed[:SHOWN]:
        entry = error[place]
        at = ", ".join(f"{name}={entry[name].item()}" for name in error.dims)
        lines.append(f"  {at}: {entry.item()}")
    if len(failed) > SHOWN:
        lines.append(f"  and {len(failed) - SHOWN} more; all are in points/*.error.json")
    return "\n".join(lines)


def _listed(text: str) -> list[Any]:
    """The values of an argument; what a comma would tear apart is refused."""
    found = values("--over", text)
    try:
        torn = len(ast.literal_eval(f"[{text}]")) != len(found)
    except (ValueError, SyntaxError, TypeError):  # texts without quotation marks, and ranges
        torn = any(str(part).count(left) != str(part).count(right) for part in found for left, right in BRACKETS)
    if torn:
        hint = "sweep over a name or a number, and let the function make from it what it needs"
        raise SettingError("--over", "each value must be one number, text or truth value, without commas", text, hint)
    return found


def _named(option: str, texts: list[str], read: Callable[[str], Any]) -> dict[str, Any]:
    """What follows each NAME= of an option."""
    found: dict[str, Any] = {}
    for text in texts:
        name, equals, given = text.partition("=")
        if not (name.isidentifier() and equals and given):
            raise SettingError(option, "must read NAME=VALUE", text)
        if name in found:
            raise SettingError(option, "is given twice for the same name", name, "all values go into one: NAME=1,2")
        found[name] = read(given)
    return found
