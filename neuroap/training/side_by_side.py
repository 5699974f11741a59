"""Networks side by side: several classifiers of one structure learn in one run, as batched matrix products."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from neuroap.errors import DivergenceError
from neuroap.training.alike import check_alike
from neuroap.training.estimator import CorticalClassifier
from neuroap.training.keeping import Keeper
from neuroap.training.learner import choose
from neuroap.training.learners import Learners
from neuroap.training.loop import Scores, Together, Training, divergence, summary
from neuroap.training.progress import Progress, announcer

ERRORS = ("raise", "keep")


def fit_side_by_side(
    models: Sequence[CorticalClassifier],
    X: Any,
    y: Any = None,
    test: Any = None,
    progress: bool | str = "auto",
    errors: str = "raise",
) -> list[CorticalClassifier]:
    """Fit several models at once, each as its `fit` alone would: one small network does not fill a GPU.

    The networks take every step together, each with weights, optimiser and an order of trials of its own.
    A model that is through earlier, or overflows, keeps its state while the others go on.

    Parameters
    ----------
    models : sequence of CorticalClassifier
        Their layouts may differ in initial weights, their rules in ``learning_rate``, its decay and ``beta``;
        besides, ``random_state``, ``checkpoint`` and ``progress`` are each model's own affair, and all else is the
        same.
    X, y, test
        As in `CorticalClassifier.fit`, for all models.
    progress : bool or "auto"
        As in `CorticalClassifier`; scores are means over the models. Their own setting is not asked.
    errors : {"raise", "keep"}
        What a model does whose rates or weights become infinite or NaN. Either way it keeps those of the
        epoch before, its ``history_.attrs["diverged"]`` says why, and the others are trained to the end;
        then "raise" raises and "keep" warns.

    Returns
    -------
    list of CorticalClassifier
        The models, fitted: ready to predict, record, save and learn on. Their networks are built one by one
        when they are asked; ``history_.seconds`` is the time that all models took together.

    Raises
    ------
    SettingError
        Models that cannot run side by side; it says which setting differs between which of them.
    DataError, CheckpointError
        As in `CorticalClassifier.fit`.
    DivergenceError
        If `errors` is "raise" and rates or weights of a model became infinite or NaN.

    Notes
    -----
    A network holds rates of models x batch x neurons numbers, and weights for each model: with many models,
    a batch that fits alone may not fit.

    Same seeds give the same numbers as alone, but for equations with noise (``xi``): all networks draw from
    one stream of random numbers, so their noise depends on the models beside them.

    Examples
    --------
    >>> models = [CorticalClassifier(layout, random_state=seed) for seed in range(10)]  # doctest: +SKIP
    >>> scores = [m.score(X_test, y_test) for m in fit_side_by_side(models, X, y)]  # doctest: +SKIP
    """
    choose("errors", errors, ERRORS)
    models = check_alike(models)
    data, tests = models[0]._prepare(X, y, test)
    for model in models[1:]:
        model._prepare(X, y, test)  # it learns its classes; the trials of the first serve all
    for k, model in enumerate(models):
        model._draw(data, models[0].learner_.device if k else None)
    trainings = [model._training(data, tests) for model in models]
    run = SideBySide(trainings, Learners([t.learner for t in trainings], announcer(progress)))
    keepers = [Keeper(model, training) for model, training in zip(models, run.trainings, strict=True)]
    for keeper in keepers:
        keeper.model._keep(keeper.training)
    trainings[0].build(run.learners.network)  # before anything of an earlier run is overwritten
    for keeper in keepers:
        keeper.write()  # a place that cannot be written shows before the first epoch
    try:
        run.run(lambda k: keepers[k].after_epoch(), progress)
    finally:
        # Also when interrupted: the state of each is that after its last whole epoch.
        for k, keeper in enumerate(keepers):
            keeper.model._keep(keeper.training)
            if k in run.diverged:
                keeper.model.history_.attrs["diverged"] = str(run.diverged[k]).splitlines()[0]
        for keeper in keepers:
            keeper.write()
    _report(run.diverged, errors)
    return models


def _report(diverged: Mapping[int, DivergenceError], errors: str) -> None:
    """Raise or warn if models diverged."""
    if not diverged:
        return
    first, *others = (diverged[k] for k in sorted(diverged))
    hint = "\n  ".join([first.hint, "the other models are trained to the end", *(f"also {e.where}" for e in others)])
    error = DivergenceError(first.where, first.rule, hint=hint)
    if errors == "raise":
        raise error
    warnings.warn(str(error), RuntimeWarning, stacklevel=3)


@dataclass
class SideBySide:
    """Training runs that take their epochs together.

    Attributes
    ----------
    trainings : list of Training
        One per model, on the same trials.
    learners : Learners
        Theirs.
    diverged : dict of int to DivergenceError
        Models, by their index, that take no further part.
    """

    trainings: list[Training]
    learners: Learners
    diverged: dict[int, DivergenceError] = field(default_factory=dict)

    def run(self, after_epoch: Callable[[int], None], progress: bool | str = "auto") -> None:
        """Train until all are through; `after_epoch` is called with the index of each model with more to keep."""
        first, learners = self.trainings[0], self.learners
        turns = [training.turns() for training in self.trainings]
        waiting = {k: groups for k, turn in enumerate(turns) if (groups := next(turn, None))}
        with learners, first.reporting(progress) as report, first.data_on_device(learners.holding):
            while waiting:
                # Who has learnt a task early waits for the others: in an epoch all learn the same tasks.
                phase = min(self.trainings[k].phase for k in waiting)
                active = [k for k in waiting if self.trainings[k].phase == phase]
                report.epoch(self._epoch(active, waiting[active[0]], report))
                for k in active:
                    if k not in self.diverged:
                        after_epoch(k)
                    if k in self.diverged or not (groups := next(turns[k], None)):
                        del waiting[k]
                    else:
                        waiting[k] = groups

    def _epoch(self, active: list[int], groups: Sequence[Together], report: Progress) -> str:
        """Train and test; who does not come through has the weights and states of the epoch before."""
        started = time.perf_counter()
        before = {k: self.trainings[k].learner.standing() for k in active}
        scores = {k: Scores() for k in active}
        through: list[int] = []
        try:
            left = active
            for together in groups:
                for k, found in self._train(left, together, report).items():
                    scores[k] |= found
                left = [k for k in left if k not in self.diverged]
            for task, (x, _) in self.trainings[0].tests.items() if left else ():
                rates = self.learners.infer(task, x)
                for k in left:
                    scores[k] |= self.trainings[k].test_score(task, rates[k])
            through = left
        finally:
            for k in set(active).difference(through):
                self.trainings[k].learner.put_back(before[k])
        for k in through:
            self.trainings[k].note(started, scores[k])
        return _mean([scores[k] for k in through])

    def _train(self, active: list[int], together: Together, report: Progress) -> dict[int, Scores]:
        """Show all trials once; returns the scores of those that did not diverge."""
        if not active:
            return {}
        orders = [t.order(together, t.number) for t in self.trainings]
        lead = self.trainings[active[0]]
        data = {t: lead.data[t] for t in together}
        seed = lead.noise_seed(together, lead.number)
        outputs, places = self.learners.learn(data, orders, active, report.batch, seed, lead.done)
        for k, place in places.items():
            self.diverged[k] = divergence(f"model {k}, epoch {self.trainings[k].number}", place)
        return {k: self.trainings[k].scores(own, orders[k]) for k, own in outputs.items()}


def _mean(scores: Sequence[Scores]) -> str:
    """Scores of an epoch in a few words, as means over the models."""
    if not scores:
        return "no model is left"
    means = {key: float(np.mean([each[key] for each in scores])) for key in scores[0]}
    return f"mean of {len(scores)}: {summary(means)}"
