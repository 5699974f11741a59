"""neuroap benchmark: milliseconds per batch, next to the matrix products that cannot be avoided."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from typing import Any

from neuroap.commands import load
from neuroap.commands.outputs import print_json, say

NOTE = """batches of 500 trials, two areas of 1024 neurons, STE 8-8; online: two areas of 256 neurons, EPE 8-4 with
recurrent plasticity; Adam, float32; about a minute on two cores. Programs that were built before are used again: to
measure their building, set NEUROAP_BUILDS to an empty folder."""
TIMES = ("task", "device", "ms", "floor, ms", "times floor", "trials/s")
MEMORY = ("peak memory of training, MiB", "data", "Python", "program", "together")
BUILDS = ("program", "neurons", "built in", "MiB on disk")
ONLINE_TRIALS = 8000  # of the published online tasks


def add(subparsers: Any) -> None:
    """Declare the command and its options."""
    parser = subparsers.add_parser("benchmark", help="measure time and memory", epilog=NOTE)
    parser.set_defaults(run=run)
    parser.add_argument("--device", help="where the networks run (default: every device that is present)")
    parser.add_argument("--batches", type=int, default=20, metavar="N", help="batches measured (%(default)s)")
    help = "measure the memory with 60,000 images as in Fashion-MNIST, not with one batch"
    parser.add_argument("--full-data", action="store_true", help=help)
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(args: argparse.Namespace) -> int:
    """Measure, and print tables or JSON."""
    say(f"measuring {args.batches} batches of learning and of inference on {args.device or 'every device'}")
    measure = load("neuroap.benchmark").measure
    found = measure(batches=args.batches, device=args.device, full_data=args.full_data)
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
    columns = load("neuroap.layout.table").columns
    lines = [
        f"{found['machine']}, {found['threads']} threads",
        f"batches: {found['trials']} trials, areas of {_sum(found['neurons'])} neurons, float32; "
        f"{found['batches']} measured",
        f"online: one trial, areas of {_sum(found['online_neurons'])} neurons",
        "",
        columns(TIMES, [_times(r) for r in found["results"]]),
        "",
        *_notes(found),
        "",
        columns(MEMORY, [_memory(m) for m in found["memory"]]),
    ]
    if found["builds"]:
        lines += ["", columns(BUILDS, [_build(b) for b in found["builds"]])]
    if found["absent"]:
        lines += ["", *(f"not measured: {reason}" for reason in found["absent"].values())]
    return "\n".join(lines)


def _notes(found: Mapping[str, Any]) -> Iterator[str]:
    yield "floor: the bare matrix products of a batch, measured in turn: on the runtime device numpy.matmul (outer"
    yield "products numpy.einsum), on compiled devices the program with everything else left out"
    for r in found["results"]:
        if r["task"] == "online learning":
            seconds = ONLINE_TRIALS / r["trials_per_second"]
            yield f"{ONLINE_TRIALS} trials online on {r['device']}: {seconds:.1f} s"
    once = {r["device"]: 0.0 for r in found["results"]}
    for r in found["results"]:
        once[r["device"]] = max(once[r["device"]], r["call_milliseconds"])
    each = ", ".join(f"{device} {milliseconds:.0f} ms" for device, milliseconds in once.items())
    yield f"once per run (an epoch is one run): {each}"


def _times(r: Mapping[str, Any]) -> tuple[str, ...]:
    floor, ratio = _number(r["floor_milliseconds"], 3), _number(r["times_floor"], 2)
    return r["task"], r["device"], _number(r["milliseconds"], 3), floor, ratio, f"{r['trials_per_second']:.0f}"


def _memory(m: Mapping[str, Any]) -> tuple[str, ...]:
    sizes = (_number(m[part], 0) for part in ("process", "program", "total"))
    return m["device"], f"{m['rows']} trials", *sizes


def _build(b: Mapping[str, Any]) -> tuple[str, ...]:
    built = "before" if b["seconds"] is None else f"{b['seconds']:.1f} s"
    return b["device"], _sum(b["neurons"]), built, _number(b["mib"], 1)


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _sum(neurons: list[int]) -> str:
    return " + ".join(map(str, neurons))
