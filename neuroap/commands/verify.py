"""neuroap verify: replay traces of the reference program, and compare."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from neuroap.commands import load
from neuroap.commands.outputs import print_json, say
from neuroap.errors import LayoutError, NeuroapError, RuleError, TraceError

EXAMPLE = "example: neuroap verify shared/golden/*.npz"
DEVICE = "where the networks run: runtime, cpp_standalone, cuda_standalone or auto (%(default)s)"
ROW = "{:<{width}}  {:<13}  {:>9}  {:>9}  {}"


def add(subparsers: Any) -> None:
    """Declare the command and its options."""
    text = "replay traces of the reference program and compare"
    parser = subparsers.add_parser("verify", help=text, epilog=EXAMPLE)
    parser.set_defaults(run=run)
    parser.add_argument("traces", metavar="TRACE", nargs="+", type=Path, help="a .npz file")
    kinds = ("float64", "float32")
    parser.add_argument("--dtype", choices=kinds, default=kinds[0], help="precision (%(default)s)")
    parser.add_argument("--device", default="runtime", help=DEVICE)
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(args: argparse.Namespace) -> int:
    """Print a table of deviations; 1 if one is beyond its tolerance or a trace cannot be replayed."""
    replay = load("neuroap.verify").verify
    width = max(len("trace"), *(len(path.stem) for path in args.traces))
    if not args.json:
        print(ROW.format("trace", "quantity", "deviation", "tolerance", "", width=width).rstrip())
        print(ROW.format("-" * width, "-" * 13, "-" * 9, "-" * 9, "-" * 6, width=width))
    results, failed = [], []
    for path in args.traces:
        deviations, error = _replayed(replay, path, args)
        agrees = not error and bool(deviations) and all(d.agrees for d in deviations)
        if not agrees:
            failed.append(path.stem)
        if not args.json:
            print(_lines(path.stem, deviations, error, width), flush=True)
        results.append(_as_json(path, deviations, error, agrees))
    if args.json:
        print_json({"agree": not failed, "dtype": args.dtype, "device": args.device, "traces": results})
    else:
        print(_verdict(len(args.traces), failed))
    return 1 if failed else 0


def _replayed(replay: Any, path: Path, args: argparse.Namespace) -> tuple[Sequence[Any], str]:
    """The deviations of a trace, or what is wrong with it; a wrong setting is no trace's fault."""
    try:
        return replay(path, dtype=args.dtype, device=args.device, say=say), ""
    except (TraceError, LayoutError, RuleError) as error:
        say(f"neuroap: error: {error}")
        return [], _first_line(error)


def _first_line(error: NeuroapError) -> str:
    return str(error).splitlines()[0]


def _lines(name: str, deviations: Sequence[Any], error: str, width: int) -> str:
    """The lines of one trace: its name once, then one quantity per line."""
    if error:
        return ROW.format(name, "cannot be replayed, see the error", "", "", "FAILED", width=width)
    rows: list[str] = []
    for d in deviations:
        verdict = "ok" if d.agrees else "FAILED"
        numbers = f"{d.largest:.1e}", f"{d.tolerance:.0e}"
        rows.append(ROW.format("" if rows else name, d.quantity, *numbers, verdict, width=width))
    return "\n".join(rows)


def _as_json(path: Path, deviations: Sequence[Any], error: str, agrees: bool) -> dict[str, Any]:
    found = [
        {"quantity": d.quantity, "largest": d.largest, "tolerance": d.tolerance, "agrees": d.agrees} for d in deviations
    ]
    result = {"trace": str(path), "agrees": agrees, "deviations": found}
    return result | ({"error": error} if error else {})


def _verdict(count: int, failed: Sequence[str]) -> str:
    traces = f"{count} trace{'s' if count != 1 else ''}"
    return f"{traces}: {len(failed)} FAILED ({', '.join(failed)})" if failed else f"{traces}: all agree"
