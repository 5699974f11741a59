"""Training on a task: fresh trials in every epoch, and tests on trials that were never shown."""

from __future__ import annotations

import inspect
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from neuroap.errors import DataError, SettingError, did_you_mean
from neuroap.layout import Layout
from neuroap.psychophysics.conditions import plain
from neuroap.psychophysics.experiments import check_experiment, experiment, join
from neuroap.psychophysics.network import rule_for, time_step, two_choice
from neuroap.rules import AdjointPropagation
from neuroap.seeds import as_seed, generator
from neuroap.tasks import TwoAlternative
from neuroap.tasks.checks import count
from neuroap.training import CorticalClassifier
from neuroap.training.history import Epoch, as_dataset, from_dataset
from neuroap.training.loop import summary
from neuroap.training.progress import Progress

CHOICES = 2


def train(
    task: TwoAlternative,
    model: Layout | CorticalClassifier | None = None,
    *,
    rule: AdjointPropagation | None = None,
    epochs: int = 20,
    trials: int = 400,
    test_trials: int = 1000,
    batch_size: int | None = None,
    device: str | None = None,
    random_state: Any = None,
    snapshots: Collection[int] = (),
    probe: Mapping[str, Any] | None = None,
    progress: bool | str = "auto",
) -> CorticalClassifier:
    """Train a network on a task, with trials drawn afresh in every epoch.

    The defaults are those of appendix 2 of Liu et al. 2026 (doi 10.7554/eLife.108237): two areas of 256 neurons,
    online learning with Adam, 20 epochs of 400 trials.

    Parameters
    ----------
    task : TwoAlternative
    model : Layout or CorticalClassifier, optional
        None: `two_choice`. A classifier keeps its settings (but for its epochs); one that has learnt already
        goes on, and the epochs are counted on.
    rule : AdjointPropagation, optional
        How a layout learns; None: `rule_for`.
    epochs, trials : int
        Epochs to train, and trials in each.
    test_trials : int
        Fresh trials on which accuracy is measured after each epoch; they do not change the training.
    batch_size : int, optional
        Trials that settle side by side, and after which weights change; None: 1, online learning. Batches of
        20 are ten times faster on the runtime device.
    device : {"runtime", "cpp_standalone", "cuda_standalone", "auto"}, optional
        None: "auto" for online learning, a compiled program where the machine has a compiler; else "runtime",
        which needs no building.
    random_state : int, Generator, RandomState or None
        One integer seeds weights and trials, also that which a generator is asked for; None: 0.
    snapshots : collection of int
        Epochs after which an experiment is run with the network as it is then.
    probe : mapping, optional
        Keywords of that `experiment`, for example ``{"levels": [-4, -2, 0, 2, 4], "trials": 50}``.
    progress : bool or "auto"
        As in `CorticalClassifier`.

    Returns
    -------
    CorticalClassifier
        Its ``history_`` holds the ``test_accuracy`` and the ``seconds`` of every epoch, and in its attributes the
        settings of the task; ``snapshots_`` the trials of all snapshots in one Dataset, with the variable ``epoch``.

    Raises
    ------
    SettingError
        Settings out of range, also of the probe, or a setting given beside a classifier, which has its own.
    DataError
        A network that does not fit the stimuli, or has not two choices.
    DivergenceError
        Rates or weights that became infinite or NaN; those of the epoch before are kept.

    Examples
    --------
    >>> model = train(GaborOrientation(noise=2), batch_size=20, snapshots=[1, 5, 20])  # doctest: +SKIP
    >>> fit_psychometric(model.snapshots_, by="epoch")  # doctest: +SKIP
    """
    for name, value in (("epochs", epochs), ("trials", trials), ("test_trials", test_trials)):
        count(name, value)
    own = {"rule": rule, "batch_size": batch_size, "device": device, "random_state": random_state}
    model = _classifier(task, model, own, progress)
    _check_choices(model)
    history = from_dataset(model.history_) if hasattr(model, "history_") else []
    numbers = range(len(history) + 1, len(history) + epochs + 1)
    _check_snapshots(snapshots, numbers)
    _check_probe(task, probe)
    report = Progress(epochs, 1, progress)
    try:
        with _one_seed(model) as seed:
            for number in numbers:
                report.batch()
                history.append(_epoch(model, task, trials, test_trials, (seed, "epoch", number)))
                _note(model, history, task)
                if number in snapshots:
                    _take_snapshot(model, task, number, dict(probe or {}), seed)
                report.epoch(summary(history[-1].scores))
    finally:
        report.close()
    return model


def _classifier(task: TwoAlternative, model: Any, own: dict[str, Any], progress: bool | str) -> CorticalClassifier:
    """What is trained: the classifier given, or one with the settings of its `own`."""
    if not isinstance(task, TwoAlternative):
        raise SettingError("task", "must be a TwoAlternative", task, "for example GaborOrientation()")
    if isinstance(model, CorticalClassifier):
        given = [name for name, value in own.items() if value is not None]
        if given:
            hint = f"set it there: CorticalClassifier(..., {given[0]}=...)"
            raise SettingError(given[0], "is a setting of the classifier", own[given[0]], hint)
        return model
    if not isinstance(model, Layout | None):
        raise SettingError("model", "must be a Layout or a CorticalClassifier", model, "for example two_choice(task)")
    online = own["batch_size"] in (None, 1)
    usual = {"rule": rule_for(task), "batch_size": 1, "device": "auto" if online else "runtime", "random_state": 0}
    settings: dict[str, Any] = {name: usual[name] if value is None else value for name, value in own.items()}
    layout = model or two_choice(task)
    return CorticalClassifier(layout, dt_ms=time_step(task, layout), progress=progress, **settings)


def _check_choices(model: CorticalClassifier) -> None:
    """A network with ten outputs learns two of them, and could never be asked for its choice."""
    layout = getattr(model, "layout_", model.layout)
    if layout is None or len(layout.tasks) != 1:  # what is declared later fits; of several tasks training says more
        return
    output = layout.task_output(layout.tasks[0])
    if output.size != CHOICES:
        hint = f"declare Output({output.name!r}, {CHOICES})"
        raise DataError("model", f"must have {CHOICES} output nodes, one for each choice", output.size, hint)


@contextmanager
def _one_seed(model: CorticalClassifier) -> Iterator[int]:
    """The seed of the weights, which seeds the trials too; a generator would give another one each time."""
    given = model.random_state
    seed = model.seed_ if hasattr(model, "seed_") else as_seed(given)
    model.random_state = seed
    try:
        yield seed
    finally:
        model.random_state = given


def _check_probe(task: TwoAlternative, probe: Mapping[str, Any] | None) -> None:
    """Now, and not once an hour of training is over."""
    if not isinstance(probe, Mapping | None):
        raise SettingError("probe", "must be keywords of experiment", probe, 'for example {"trials": 50}')
    known = [name for name in inspect.signature(check_experiment).parameters if name != "task"]
    for name in probe or ():
        if name not in known:
            raise SettingError("probe", "is no keyword of experiment", name, did_you_mean(name, known))
    check_experiment(task, **(probe or {}))


def _note(model: CorticalClassifier, history: list[Epoch], task: TwoAlternative) -> None:
    """Keep what happened so far in the model, and what it learnt on."""
    learnt = {f"task_{name}": plain(value) for name, value in task.settings().items()}
    model.history_ = as_dataset(history, model.layout_.tasks).assign_attrs(learnt)
    model.n_iter_ = len(history)


def _check_snapshots(snapshots: Collection[int], numbers: range) -> None:
    for number in snapshots:
        if number not in numbers:
            rule = f"must be epochs of this training, {numbers[0]} to {numbers[-1]}"
            raise SettingError("snapshots", rule, number)


def _epoch(
    model: CorticalClassifier, task: TwoAlternative, trials: int, test_trials: int, name: tuple[Any, ...]
) -> Epoch:
    """Train on fresh trials once, then test on others."""
    started = time.perf_counter()
    shown = task.sample(trials, as_seed(generator(*name, "train")))
    model.partial_fit(shown.X, shown.y, classes=[0, 1])
    test = task.sample(test_trials, as_seed(generator(*name, "test")))
    accuracy = model.score(test.X, test.y)
    return Epoch(time.perf_counter() - started, {("test_accuracy", model.layout_.tasks[0]): accuracy})


def _take_snapshot(model: Any, task: TwoAlternative, number: int, probe: dict[str, Any], seed: int) -> None:
    """Run an experiment, and keep its trials beside those of earlier epochs."""
    settings = {"seed": as_seed(generator(seed, "snapshot", number))} | probe
    now = join([experiment(model, task, **settings)], epoch=[number])
    model.snapshots_ = join([model.snapshots_, now]) if hasattr(model, "snapshots_") else now
