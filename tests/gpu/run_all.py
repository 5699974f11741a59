"""Everything that needs a GPU, in one go of at most 20 minutes: `python tests/gpu/run_all.py`.

Golden traces, the suite of all devices, the benchmark, and training on Fashion-MNIST. Programs are built side by side,
so more cores make it quicker. Prints a table; a part that fails leaves the others alone. `--quick` runs small settings
on device cpp_standalone, to try this script where there is no GPU.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
GPU, CPU = "cuda_standalone", "cpp_standalone"
ACCURACY = 0.872  # of two areas of 1024 neurons after 20 epochs
WITHIN = 0.005
SECONDS_PER_EPOCH = 0.25
LIMIT = 20 * 60.0  # seconds for everything
WIDTHS = (10, 46, 9, 9)


@dataclass(frozen=True)
class Row:
    """A line of the table: `found` is the result, or why there is none."""

    part: str
    what: str
    passed: bool
    seconds: float
    found: str

    def __str__(self) -> str:
        cells = (self.part, self.what, "ok" if self.passed else "FAILED", f"{self.seconds:.1f} s")
        return "  ".join([*(c.ljust(w) for c, w in zip(cells, WIDTHS, strict=True)), self.found]).rstrip()


@dataclass(frozen=True)
class Plan:
    """What is run, and where.

    Attributes
    ----------
    device : str
    quick : bool
    workers : int
        Processes at a time.
    end : float
        Time (of `time.monotonic`) after which nothing is started or waited for.
    """

    device: str
    quick: bool
    workers: int
    end: float

    def call(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, or to that of our time."""
        left = self.end - time.monotonic()
        if left <= 0:
            raise TimeoutError("no time left")
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=left, check=False)

    def neuroap(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command of neuroap."""
        return self.call(sys.executable, "-m", "neuroap.cli", *words)


Work = Callable[[Plan], tuple[bool, str]]


@dataclass(frozen=True)
class Job:
    """A row that is still to be found out: `work` tells whether it passed, and what it found."""

    part: str
    what: str
    work: Work

    def run(self, plan: Plan) -> Row:
        """Do it, and never fail."""
        start = time.monotonic()
        try:
            passed, found = self.work(plan)
        except Exception as error:  # whatever it is, the others go on
            passed, found = False, f"{type(error).__name__}: {error}".splitlines()[0]
        return Row(self.part, self.what, passed, time.monotonic() - start, found)


def machine(plan: Plan) -> Iterator[Job]:
    """What doctor says of the GPU."""

    def look(plan: Plan) -> tuple[bool, str]:
        checks = json.loads(plan.neuroap("doctor", "--json").stdout)["checks"]
        mine = [c for c in checks if c["needed_for"] == f"device '{plan.device}'"]
        return all(c["ok"] for c in mine), "; ".join(f"{c['name']}: {c['detail'] or 'missing'}" for c in mine)

    yield Job("doctor", plan.device, look)


def golden(plan: Plan) -> Iterator[Job]:
    """Replay the traces of the reference program in both precisions."""
    paths = sorted((SHARED / "golden").glob("*.npz"))
    jobs = [(p, dtype) for p in paths for dtype in ("float64", "float32")]
    if not jobs:
        raise FileNotFoundError(f"no traces in {SHARED / 'golden'}")
    for path, dtype in jobs[-1:] if plan.quick else jobs:

        def replay(plan: Plan, path: Path = path, dtype: str = dtype) -> tuple[bool, str]:
            done = plan.neuroap("verify", str(path), "--dtype", dtype, "--device", plan.device, "--json")
            if not done.stdout:
                return False, last_line(done)
            trace = json.loads(done.stdout)["traces"][0]
            return bool(trace["agrees"]), trace.get("error") or largest(done.stdout)

        yield Job("golden", f"{path.stem} {dtype}", replay)


def largest(text: str) -> str:
    """The deviation that is nearest to its tolerance."""
    deviations = json.loads(text)["traces"][0]["deviations"]
    worst = max(deviations, key=lambda d: d["largest"] / d["tolerance"])
    return f"{worst['quantity']}: {worst['largest']:.1e} of {worst['tolerance']:.0e}"


def suite(plan: Plan) -> Iterator[Job]:
    """Each test of the device in a process of its own."""
    pytest = [sys.executable, "-m", "pytest", "-q", "-m", "slow or not slow", "-p", "no:cacheprovider"]
    listed = plan.call(*pytest, "--collect-only", "tests/devices")
    names = [n for n in listed.stdout.splitlines() if "::" in n and re.search(rf"\[{plan.device}|-{plan.device}", n)]
    names = [n for n in names if "golden" not in n]  # they are a part of their own
    if not names:
        raise RuntimeError(f"no tests of {plan.device}: {last_line(listed)}")
    for name in names[:1] if plan.quick else names:

        def test(plan: Plan, name: str = name) -> tuple[bool, str]:
            done = plan.call(*pytest, name)
            complaints = [line for line in done.stdout.splitlines() if line.startswith(("E  ", "FAILED", "SKIPPED"))]
            summary = done.stdout.strip().splitlines()[-1:]
            return done.returncode == 0 and "passed" in done.stdout, (complaints or summary or [last_line(done)])[0]

        yield Job("suite", name.partition("::")[2], test)


def benchmark(plan: Plan) -> Iterator[Job]:
    """Print the command's own tables."""

    def measure(plan: Plan) -> tuple[bool, str]:
        done = plan.neuroap("benchmark", "--device", plan.device, "--batches", "2" if plan.quick else "50")
        print(done.stdout)
        return done.returncode == 0, "see above" if done.returncode == 0 else last_line(done)

    yield Job("benchmark", plan.device, measure)


TRAINING = """
import json, sys, neuroap
device, name, epochs, seed = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:5])
data = neuroap.load(name)
layout = None if name == "digits" else neuroap.hierarchy(areas=2)
model = neuroap.CorticalClassifier(layout, epochs=epochs, random_state=seed, device=device, progress=False)
model.fit(data.X_train, data.y_train, test=(data.X_test, data.y_test))
history = model.history_
print(json.dumps([float(history.test_accuracy[-1].mean()), history.seconds.values.tolist()]))
"""


def training(plan: Plan) -> Iterator[Job]:
    """Two areas on Fashion-MNIST with two seeds, one after the other: they are timed."""
    data, epochs = ("digits", 2) if plan.quick else ("fashion-mnist", 20)
    for seed in (0, 1):

        def train(plan: Plan, seed: int = seed) -> tuple[bool, str]:
            words = [plan.device, data, str(epochs), str(seed)]
            done = plan.call(sys.executable, "-c", TRAINING, *words)
            if done.returncode:
                return False, last_line(done)
            accuracy, seconds = json.loads(done.stdout.splitlines()[-1])
            typical = sorted(seconds)[len(seconds) // 2]
            said = f"accuracy {accuracy:.2%}, {typical:.3f} s per epoch (the first: {seconds[0]:.2f} s)"
            if plan.quick:
                return True, said
            fits = abs(accuracy - ACCURACY) <= WITHIN and typical < SECONDS_PER_EPOCH
            return fits, f"{said}; expected {ACCURACY:.1%}, less than {SECONDS_PER_EPOCH} s"

        yield Job("training", f"{data}, {epochs} epochs, seed {seed}", train)


def last_line(done: subprocess.CompletedProcess[str]) -> str:
    """What a command said last."""
    said = (done.stderr.strip() or done.stdout.strip()).splitlines()
    errors = [line for line in said if "rror" in line]
    return (errors or said or [f"status {done.returncode}"])[-1]


def run_part(part: Callable[[Plan], Iterator[Job]], side_by_side: bool, plan: Plan) -> Iterator[Row]:
    """The rows of a part, printed as they come; a part that breaks is a row too."""
    try:
        jobs = list(part(plan))
        with ThreadPoolExecutor(plan.workers if side_by_side else 1) as pool:
            for row in pool.map(lambda job: job.run(plan), jobs):
                print(row, flush=True)
                yield row
    except Exception as error:  # the other parts go on
        row = Row(part.__name__, "", False, 0, f"{type(error).__name__}: {error}".splitlines()[0])
        print(row, flush=True)
        yield row


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all parts; 1 if anything failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help=f"small settings on {CPU}")
    parser.add_argument("--device", help=f"another device than {GPU}")
    parser.add_argument("--workers", type=int, help="processes at a time (half of the cores, at most 8)")
    options = parser.parse_args(arguments)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if (SHARED / "data").is_dir():
        os.environ.setdefault("NEUROAP_DATA", str(SHARED / "data"))
    device = options.device or (CPU if options.quick else GPU)
    workers = options.workers or max(1, min(8, (os.cpu_count() or 2) // 2))
    start = time.monotonic()
    plan = Plan(device, options.quick, workers, start + LIMIT)
    with tempfile.TemporaryDirectory(prefix="neuroap-gpu-") as builds:
        os.environ.setdefault("NEUROAP_BUILDS", builds)
        # What is timed runs alone; the longest part comes last.
        parts = ((machine, False), (golden, True), (training, False), (benchmark, False), (suite, True))
        rows = [row for part, side_by_side in parts for row in run_part(part, side_by_side, plan)]
    failed = [row for row in rows if not row.passed]
    print(f"\n{len(rows) - len(failed)} of {len(rows)} ok in {time.monotonic() - start:.0f} s")
    for row in failed:
        print(row)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
