"""Lambdas and functions made in others: which are the same when a sweep is run again."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from neuroap.errors import CheckpointError, SettingError
from neuroap.sweeps import sweep
from neuroap.sweeps.identity import described

ROOT = Path(__file__).resolve().parents[2]


def make(factor: object) -> Callable[..., object]:
    """A function that has something from around it."""
    return lambda x, seed=0: factor * x


def deep(factor: object) -> Callable[..., object]:
    """One that has it from a function from around it."""
    inner = make(factor)
    return lambda x: inner(x)


def hidden(factor: float) -> Callable[..., object]:
    """One whose constant is in a function inside it."""
    if factor == 1:
        return lambda x: sorted(x, key=lambda y: 1 * y)
    return lambda x: sorted(x, key=lambda y: 7 * y)


def recursive() -> Callable[..., object]:
    """One that calls itself."""

    def factorial(n: int) -> int:
        return n * factorial(n - 1) if n else 1

    return factorial


def different() -> list[Callable[..., object]]:
    """Functions that must not be taken for each other; made anew at each call."""
    scale = {"a": np.arange(3.0)}
    return [
        *(lambda x: x, lambda x: 100 * x, lambda x: 100.0 * x, lambda x: np.sin(x), lambda x: np.cos(x)),
        *(lambda x, y: x - y, lambda y, x: y - x, lambda x, y=1: x - y, lambda x, y=2: x - y),
        *(lambda x, *, y=1: x - y, lambda x, *, y=2: x - y, lambda x, *y: x - y),
        *(lambda x: x in {"a", "b", "c"}, lambda x: x in {"a", "b", "d"}, lambda x: x[0], lambda x: x[-0.0]),
        *(make(1), make(7), make(make(7)), make([1, np.arange(3)]), make([1, np.arange(4)]), deep(1), deep(7)),
        *(hidden(1), hidden(7), recursive(), lambda x: scale["a"] * x, lambda x: x[0.0]),
    ]


def test_the_same_are_described_alike_and_others_not() -> None:
    """Also after they were called often, which makes Python change their code inside."""
    texts = [described(function, "here") for function in different()]
    assert len(set(texts)) == len(texts)
    assert texts == [described(function, "here") for function in different()]
    one = make(3)
    before = described(one, "here")
    for k in range(1000):
        one(k)
    assert described(one, "here") == before == described(make(3), "here")


@pytest.mark.parametrize(
    ("first", "second"),
    [(lambda x, seed: x, lambda x, seed: 100 * x), (make(1), make(7))],
    ids=["lambdas", "closures"],
)
def test_the_results_of_another_are_not_handed_out(tmp_path, first, second) -> None:
    result = sweep(first, {"x": [1, 2]}, store=tmp_path / "store", workers=1)
    with pytest.raises(CheckpointError, match="belongs to another sweep: its function is"):
        sweep(second, {"x": [1, 2]}, store=tmp_path / "store", workers=1)
    again = sweep(first, {"x": [1, 2]}, store=tmp_path / "store", workers=1)
    assert again["result"].values.tolist() == result["result"].values.tolist() == [[1], [2]]


def test_lambdas_among_the_settings(tmp_path) -> None:
    def applied(x, seed, law):
        return law(x)

    sweep(applied, {"x": [1]}, law=lambda x: x, store=tmp_path / "store", workers=1)
    with pytest.raises(CheckpointError, match=r"belongs to another sweep: there law is .*<lambda> sha256"):
        sweep(applied, {"x": [1]}, law=lambda x: 2 * x, store=tmp_path / "store", workers=1)


@pytest.mark.parametrize("around", [object(), [np.random.default_rng(0)], np.array([object()], dtype=object)])
def test_what_it_has_from_around_it_cannot_be_recognised(tmp_path, around) -> None:
    rule = r"sweep.function: has something from around it .* \(got 'make.<locals>.<lambda>'\)\n  give that to the sweep"
    with pytest.raises(SettingError, match=rule):
        sweep(make(around), {"x": [1]}, store=tmp_path / "store", workers=1)
    assert not (tmp_path / "store").exists()


def test_what_contains_itself_cannot_be_described() -> None:
    loop: list[object] = [1]
    loop.append(loop)
    with pytest.raises(SettingError, match=r"sweep.law: contains itself \(got 'list'\)\n  give numbers"):
        described(loop, "sweep.law")
    with pytest.raises(SettingError, match="contains itself"):
        described(lambda: loop, "sweep.law")


SCRIPT = """
from neuroap import sweep
print(sweep(lambda x, seed: x in {"a", "b", "c", "d", "e"}, {"x": ["a", "f"]}, store="store").result.values.tolist())
"""


def test_a_lambda_of_a_script(tmp_path) -> None:
    """It is recognised when the script runs again, where sets of texts have another order."""
    (tmp_path / "study.py").write_text(SCRIPT)
    for hashes in ("1", "2"):
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": hashes}
        command = [sys.executable, "study.py"]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert (done.stdout, done.stderr) == ("[[True], [False]]\n", "")
