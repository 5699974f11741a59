"""neuroap benchmark: milliseconds per batch, next to the matrix products that cannot be avoided."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from neuroap.commands import load
from neuroap.commands.outputs import print_json, say

NOTE = "two areas of 1024 neurons, 500 trials per batch, STE 8-8, Adam, float32; about 15 s on two cores"
HEAD = ("task", "device", "ms per batch", "floor, ms", "times floor")


def add(subparsers: Any) -> None:
    """Declare the command and its options."""
    parser = subparsers.add_parser("benchmark", help="measure the time per batch", epilog=NOTE)
    parser.set_defaults(run=run)
    parser.add_argument("--device", default="runtime", help="where the network runs (%(default)s)")
    parser.add_argument("--batches", type=int, default=20, metavar="N", help="batches measured (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(args: argparse.Namespace) -> int:
    """Measure, and print a table or JSON."""
    say(f"measuring {args.batches} batches of learning and of inference")
    found = load("neuroap.benchmark").measure(batches=args.batches, device=args.device)
    if args.json:
        print_json(found)
    else:
        print(report(found))
    return 0


def report(found: Mapping[str, Any]) -> str:
    """Write measurements as text.

    Parameters
    ----------
    found : mapping
        What `neuroap.benchmark.measure` returns.
    """
    rows = [
        (
            r["task"],
            r["device"],
            f"{r['milliseconds']:.1f}",
            f"{r['floor_milliseconds']:.1f}",
            f"{r['times_floor']:.2f}",
        )
        for r in found["results"]
    ]
    sizes = " + ".join(map(str, found["neurons"]))
    once = max(r["call_milliseconds"] for r in found["results"])
    lines = [
        f"{found['machine']}, {found['threads']} threads",
        f"areas of {sizes} neurons, {found['trials']} trials per batch, float32; median of {found['batches']} batches",
        "",
        load("neuroap.layout.table").columns(HEAD, rows),
        "",
        "floor: the matrix products of a batch, as bare numpy.matmul, measured in turn with the batches",
        f"Brian2 adds {once:.0f} ms once per run (an epoch is one run).",
        f"peak memory of the process: {found['peak_memory_mib']:.0f} MiB",
    ]
    return "\n".join(lines)
