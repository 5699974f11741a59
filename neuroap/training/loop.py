"""The training loop: epochs over one or several tasks, with tests, early stop and checkpoints in between."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from neuroap.errors import DivergenceError
from neuroap.seeds import generator
from neuroap.training.history import Epoch
from neuroap.training.learner import Array, Learner
from neuroap.training.progress import Progress

TASK_ORDERS = ("alternating", "simultaneous", "sequential")
Trials = tuple[Array, NDArray[np.integer]]
Together = tuple[str, ...]
Scores = dict[tuple[str, str], float]


@dataclass
class Training:
    """One training run and how far it is.

    Attributes
    ----------
    learner : Learner
    data, tests : mapping of str to (x, labels)
        Trials by task; x of shape (n, inputs), labels of shape (n,).
    epochs : int
        Epochs per phase of the plan.
    task_order : {"alternating", "simultaneous", "sequential"}
    seed : int
        Seeds the order of the trials of every epoch, and noise.
    stop_at : float
        Training accuracy at which a phase ends early.
    shuffle : bool
    history : list of Epoch
    phase, done : int
        Phase of the plan, and epochs of it that are done.
    """

    learner: Learner
    data: Mapping[str, Trials]
    tests: Mapping[str, Trials]
    epochs: int
    task_order: str
    seed: int
    stop_at: float
    shuffle: bool = True
    history: list[Epoch] = field(default_factory=list)
    phase: int = 0
    done: int = 0

    @property
    def plan(self) -> list[list[Together]]:
        """Phases of training; each names the sets of tasks that are trained in each of its epochs."""
        tasks = tuple(self.data)
        if self.task_order == "simultaneous":
            return [[tasks]]
        alone: list[Together] = [(t,) for t in tasks]
        return [alone] if self.task_order == "alternating" else [[a] for a in alone]

    def run(self, after_epoch: Callable[[], None], progress: bool | str = "auto") -> None:
        """Train until all phases are over; `after_epoch` is called whenever there is more to keep.

        Raises
        ------
        DivergenceError
            If rates or weights become infinite or NaN; the learner keeps those of the epoch before.
        """
        with self.reporting(progress) as report, self.data_on_device(self.learner.holding):
            for together in self.turns():
                report.epoch(self._epoch(together, report))
                after_epoch()

    def build(self, network: Callable[[Together], object] | None = None) -> None:
        """Build all networks, which may take a while or fail; `network` as `Learner.network`."""
        together = {t for phase in self.plan for t in phase}
        for tasks in [*together, *((t,) for t in self.tests)]:
            (network or self.learner.network)(tasks)

    @contextmanager
    def reporting(self, progress: bool | str) -> Iterator[Progress]:
        """Progress of all that is left to do."""
        left = self.epochs * (len(self.plan) - self.phase) - self.done
        batches = sum(-(-self._shown(t) // self.learner.trials) for t in self.plan[0])
        report = Progress(left, batches, progress)
        try:
            yield report
        finally:
            report.close()

    @contextmanager
    def data_on_device(self, holding: Callable[..., AbstractContextManager[None]]) -> Iterator[None]:
        """Bring the trials to where the networks run once, not in every epoch; `holding` as `Learner.holding`."""
        together = {t for phase in self.plan for t in phase}
        with ExitStack() as stack:
            for tasks in together:
                stack.enter_context(holding(tasks, [self.data[t][0] for t in tasks]))
            for task, (x, _) in self.tests.items():
                stack.enter_context(holding([task], [x]))
            yield

    def once(self) -> None:
        """Train on all trials once; neither history nor plan take note of it.

        Raises
        ------
        DivergenceError
            As in `run`.
        """
        with self._all_or_nothing():
            for together in (t for phase in self.plan for t in phase):
                state = self.learner.states.get("+".join(together))
                self._train(together, 1 + (state.updates if state else 0), "partial_fit", lambda _: None)

    def turns(self) -> Iterator[list[Together]]:
        """The sets of tasks of each epoch; it goes on, or into the next phase, by what `note` was told."""
        plan = self.plan
        while True:
            while self.done < self.epochs and not self._learned():
                yield plan[self.phase]
            if self.phase + 1 == len(plan):
                return  # the last phase stays open: if more epochs are wanted later, it goes on
            self.phase, self.done = self.phase + 1, 0

    def _learned(self) -> bool:
        """Whether every task of the phase has reached the accuracy at which it stops."""
        if not self.done:
            return False
        scores = self.history[-1].scores
        tasks = [t for together in self.plan[self.phase] for t in together]
        return all(scores["train_accuracy", t] >= self.stop_at for t in tasks)

    def _epoch(self, groups: Sequence[Together], report: Progress) -> str:
        started, scores = time.perf_counter(), Scores()
        with self._all_or_nothing():
            for together in groups:
                scores |= self._train(together, self.number, f"epoch {self.number}", report.batch)
            for task, (x, _) in self.tests.items():
                scores |= self.test_score(task, self.learner.infer(task, x))
        self.note(started, scores)
        return summary(scores)

    @property
    def number(self) -> int:
        """Number of the epoch at hand, from 1."""
        return len(self.history) + 1

    def note(self, started: float, scores: Scores) -> None:
        """Take an epoch that began at `started` (of `time.perf_counter`) into the history."""
        self.history.append(Epoch(time.perf_counter() - started, scores))
        self.done += 1

    @contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        """Put the learner back if what is done with it fails or is interrupted."""
        before = self.learner.standing()
        try:
            yield
        except BaseException:
            self.learner.put_back(before)
            raise

    def _train(self, together: Together, number: int, where: str, on_batch: Callable[[int], None]) -> Scores:
        """Show all trials once; `number` chooses the random numbers, `where` is what errors call it."""
        order = self.order(together, number)
        watched = self.learner.readable_in_run(together)

        def begin(batch: int) -> None:
            if batch and watched:
                self._check_finite(together, where)
            on_batch(batch)

        data = {t: self.data[t] for t in together}
        outputs = self.learner.learn(data, order, begin, self.noise_seed(together, number), self.done)
        self._check_finite(together, where)
        return self.scores(outputs, order)

    def order(self, together: Together, number: int) -> dict[str, NDArray[np.integer]]:
        """Rows of each task in the order in which an epoch shows them."""
        shown = self._shown(together)
        return {t: self._order(self._leader(t, together), number, shown) for t in together}

    def noise_seed(self, together: Together, number: int) -> int:
        """Seeds the noise of an epoch."""
        return int(generator(self.seed, "noise", "+".join(together), number).integers(2**31))

    def scores(self, outputs: Mapping[str, Array], order: Mapping[str, NDArray[np.integer]]) -> Scores:
        """Loss and accuracy of trials as they were shown."""
        scores = Scores()
        for task, rates in outputs.items():
            labels = self.data[task][1][order[task]]
            likelihood = rates[np.arange(len(labels)), labels].astype(float)
            tiny = np.finfo(rates.dtype).tiny
            scores["loss", task] = float(-np.log(np.maximum(likelihood, tiny)).mean())
            scores["train_accuracy", task] = float((rates.argmax(axis=1) == labels).mean())
        return scores

    def test_score(self, task: str, rates: Array) -> Scores:
        """Accuracy of the answers to the test trials of a task."""
        return Scores({("test_accuracy", task): float((rates.argmax(axis=1) == self.tests[task][1]).mean())})

    def _check_finite(self, together: Together, where: str) -> None:
        if (place := self.learner.diverged(together)) is not None:
            raise divergence(where, place)

    def _shown(self, together: Together) -> int:
        """Trials in an epoch: tasks with fewer trials begin again until the longest is through."""
        return max(len(self.data[t][0]) for t in together)

    def _leader(self, task: str, together: Together) -> str:
        """The task whose order `task` follows: tasks that see the same input must see the same trial."""
        layout = self.learner.layout
        inputs = set(layout.task_inputs(task))
        return next(t for t in together if not inputs.isdisjoint(layout.task_inputs(t)))

    def _order(self, task: str, number: int, shown: int) -> NDArray[np.integer]:
        n = len(self.data[task][0])
        rng = generator(self.seed, "order", task, number)
        rounds = range(-(-shown // n))
        return np.concatenate([rng.permutation(n) if self.shuffle else np.arange(n) for _ in rounds])[:shown]


def divergence(where: str, place: str) -> DivergenceError:
    """The error of an epoch in which the numbers of `place` overflowed."""
    hint = "lower the learning rate or the spectral radius; weights of the epoch before are kept"
    return DivergenceError(where, f"{place} became infinite or NaN", hint=hint)


def summary(scores: Mapping[tuple[str, str], float]) -> str:
    """Scores of an epoch in a few words."""
    words = []
    tasks = list(dict.fromkeys(task for _, task in scores))
    for task in tasks:
        found = {s: v for (s, t), v in scores.items() if t == task}
        text = f"{task}: " if len(tasks) > 1 else ""
        if "loss" in found:
            text += f"loss {found['loss']:.3f}, train {found['train_accuracy']:.1%}"
        if "test_accuracy" in found:
            text += (", " if "loss" in found else "") + f"test {found['test_accuracy']:.1%}"
        words.append(text)
    return "; ".join(words)
