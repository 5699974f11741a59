"""The option --data: which data set each task of a layout learns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuroap.commands import load
from neuroap.errors import DataError, SettingError, did_you_mean

if TYPE_CHECKING:
    from neuroap.data import ImageSet
    from neuroap.layout import Layout

EVERY_TASK = ""


def load_sets(given: Sequence[str]) -> dict[str, ImageSet]:
    """Load what --data names, by task; a set without a task is under "".

    Parameters
    ----------
    given : sequence of str
        Each "NAME_OR_FOLDER" or "TASK=NAME_OR_FOLDER".

    Raises
    ------
    SettingError
        A task that is named twice.
    DataError
        A data set that is unknown or damaged.
    """
    names: dict[str, str] = {}
    for text in given:
        task, equals, name = text.partition("=")
        if not equals or "/" in task or Path(text).exists():
            task, name = EVERY_TASK, text
        if task in names:
            raise SettingError("--data", "names one data set per task", text, "with several: --data TASK=NAME")
        names[task] = name
    read = load("neuroap.data").load
    # Two tasks may learn the same set, which is then held once.
    loaded = {name: read(name) for name in dict.fromkeys(names.values())}
    return {task: loaded[name] for task, name in names.items()}


def sizes(sets: Mapping[str, ImageSet]) -> dict[str, int | None]:
    """Input and output nodes that the data ask of a layout; None where the sets differ."""
    pixels = {s.X_train.shape[1] for s in sets.values()}
    classes = {len(s.classes) for s in sets.values()}
    found = {"input": pixels, "output": classes}
    return {name: values.pop() if len(values) == 1 else None for name, values in found.items()}


def by_task(layout: Layout, sets: Mapping[str, ImageSet]) -> dict[str, ImageSet]:
    """Give every task of `layout` its data set.

    Raises
    ------
    SettingError
        A task without data, or one that the layout does not have.
    DataError
        Data that do not fit the inputs or the output of their task.
    """
    tasks = layout.tasks
    if set(sets) == {EVERY_TASK} and len(tasks) == 1:
        sets = {tasks[0]: sets[EVERY_TASK]}
    for task in sets:
        if task not in tasks:
            raise SettingError("--data", *_complaint(task, tasks))
    missing = [t for t in tasks if t not in sets]
    if missing:
        hint = "add " + " ".join(f"--data {t}=NAME" for t in missing)
        raise SettingError("--data", f"misses the tasks {', '.join(missing)} of {layout.name}", hint=hint)
    for task in tasks:
        _check(layout, task, sets[task])
    return {task: sets[task] for task in tasks}


def trials(sets: Mapping[str, ImageSet]) -> tuple[Any, Any]:
    """Training and test trials by task, as the estimator takes them."""
    train = {task: (s.X_train, s.y_train) for task, s in sets.items()}
    return train, {task: (s.X_test, s.y_test) for task, s in sets.items()}


def _complaint(task: str, tasks: Sequence[str]) -> tuple[str, str, str]:
    """Rule, value and hint for a task that the layout does not have."""
    example = " ".join(f"--data {t}=NAME" for t in tasks)
    if task == EVERY_TASK:
        return f"must name a task: the layout has {len(tasks)}", ", ".join(tasks), f"for example {example}"
    return "the layout has no such task", task, did_you_mean(task, tasks)


def _check(layout: Layout, task: str, images: ImageSet) -> None:
    inputs, output = layout.task_inputs(task), layout.task_output(task)
    nodes, pixels, classes = sum(i.columns for i in inputs), images.X_train.shape[1], len(images.classes)
    if nodes != pixels:
        names = " + ".join(i.name for i in inputs)
        hint = f"layout(input=...) takes {pixels} from the data if it has that argument"
        raise DataError(layout.name, f"{names} must have {pixels} nodes for {images.name!r}", nodes, hint)
    if output.size < classes:
        rule = f"{output.name} must have {classes} nodes for {images.name!r}"
        raise DataError(layout.name, rule, output.size)
