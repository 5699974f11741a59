"""What training gave, in numbers and in words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from neuroap.commands import load

if TYPE_CHECKING:
    from xarray import Dataset

HEAD = ("task", "data", "epochs", "train", "test", "best test", "at epoch")


def scores(history: Dataset) -> dict[str, Any]:
    """Sum a training history up.

    Parameters
    ----------
    history : Dataset
        As `CorticalClassifier.history_`; accuracies are fractions.

    Returns
    -------
    dict
        ``epochs`` and ``seconds`` of the whole run; under ``tasks``, per task, the epochs that trained
        it, its last loss and accuracies, and the best test accuracy with its epoch. NaN: not measured.
    """
    return {
        "epochs": history.sizes["epoch"],
        "seconds": float(history["seconds"].sum()),
        "tasks": {str(task): _of_task(history.sel(task=task)) for task in history["task"].values},
    }


def _of_task(history: Dataset) -> dict[str, float | int | None]:
    train, test = history["train_accuracy"].dropna("epoch"), history["test_accuracy"].dropna("epoch")
    best = test.idxmax("epoch") if test.size else None
    return {
        "epochs": train.size,
        "loss": _last(history["loss"].dropna("epoch")),
        "train_accuracy": _last(train),
        "test_accuracy": _last(test),
        "best_test_accuracy": math.nan if best is None else float(test.max()),
        "best_test_epoch": None if best is None else int(best),
    }


def _last(values: Any) -> float:
    return float(values[-1]) if values.size else math.nan


def report(result: Mapping[str, Any], data: Mapping[str, str], commands: Sequence[str]) -> str:
    """Write a result as text.

    Parameters
    ----------
    result : mapping
        What `scores` gives, with ``layout`` and ``files``.
    data : mapping of str to str
        The name of the data set of each task.
    commands : sequence of str
        Commands to try next.
    """
    rows = [
        (
            task,
            data[task],
            str(s["epochs"]),
            percent(s["train_accuracy"]),
            percent(s["test_accuracy"]),
            percent(s["best_test_accuracy"]),
            str(s["best_test_epoch"] or "-"),
        )
        for task, s in result["tasks"].items()
    ]
    table = load("neuroap.layout.table").columns(HEAD, rows)
    files = list(result["files"].values())
    lines = [
        f"{result['layout']}: {result['epochs']} epochs in {duration(result['seconds'])}",
        "",
        table,
        "",
        "The test accuracy to report is that after the last epoch: the best epoch was chosen on the test set.",
        f"Files in {files[0].parent}: {', '.join(file.name for file in files)}",
        "Try next:",
        *(f"  {command}" for command in commands),
    ]
    return "\n".join(lines)


def percent(fraction: float) -> str:
    """Write a fraction as percent; "-" where it was not measured."""
    return "-" if math.isnan(fraction) else f"{100 * fraction:.2f} %"


def duration(seconds: float) -> str:
    """Write a duration in the unit that suits it."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{round(seconds / 60) // 60} h {round(seconds / 60) % 60} min"
