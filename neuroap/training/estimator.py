"""The estimator: a cortical layout that learns to classify, with scikit-learn's conventions."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from neuroap.brian import check_equations
from neuroap.errors import DataError, did_you_mean
from neuroap.layout import Layout, hierarchy
from neuroap.rules import AdjointPropagation
from neuroap.seeds import as_seed
from neuroap.training import checkpoint as files
from neuroap.training.history import as_dataset
from neuroap.training.inspection import Inspection
from neuroap.training.keeping import Keeper, as_checkpoint, fingerprint, learner_of, restore, rule_from, settings_from
from neuroap.training.learner import Array, Learner
from neuroap.training.loop import Training, Trials
from neuroap.training.settings import check_rule, check_settings
from neuroap.training.trials import as_pair, by_task, check_labels, check_stimuli, encode, find_classes, refusal
from neuroap.weights import draw_weights

DEFAULT_BATCH = 500


class CorticalClassifier(Inspection, ClassifierMixin, BaseEstimator):
    """A cortical layout that learns one or several classification tasks by adjoint propagation.

    Parameters
    ----------
    layout : Layout, optional
        None: two areas with blocks of 64, sized to the data.
    rule : AdjointPropagation, optional
        None: the published defaults.
    epochs : int
        Passes over the training trials at most.
    batch_size : int or "auto"
        Trials that settle side by side, and after which weights change; "auto": 500, fewer for fewer than
        10,000 trials so that an epoch has 20 updates.
    dt_ms : float, optional
        Integration step; None for dt = tau, the published map.
    dtype : {"float32", "float64"}
    device : {"runtime", "cpp_standalone", "cuda_standalone", "auto"}
        Where the network runs; "auto": on a GPU, else compiled where batches are small.
    precision : {"float32", "tf32"}
        "tf32" lets a GPU round the factors of matrix products to 10 bits, which is faster.
    task_order : {"alternating", "simultaneous", "sequential"}
        Several tasks: one epoch of each in turn, all at once in every batch, or one after the other.
    stop_at : float
        Training accuracy at which training ends early.
    shuffle : bool
        Show the trials of each epoch in a new order.
    progress : bool or "auto"
        Progress on stderr: one updating line on a terminal, plain lines elsewhere, none under a second.
    checkpoint : path, optional
        File that keeps the state after epochs (at most once a second) and when training is interrupted.
    random_state : int, Generator, RandomState or None
        One integer seeds weights, orders and noise.

    Attributes
    ----------
    layout_ : Layout
    classes_ : ndarray, or dict of str to ndarray where there are several tasks
        Labels in the order of the output nodes.
    n_features_in_ : int
        Columns of X (of the first task).
    weights_ : dict of str to ndarray, shape (source, target)
        All weights by name, see `neuroap.draw_weights`.
    history_ : Dataset
        ``loss``, ``train_accuracy``, ``test_accuracy`` (epoch, task) and ``seconds`` (epoch). The training
        accuracy is that of the trials as they were shown, while weights change.
    n_iter_ : int
        Epochs trained.
    device_ : str
        Where the network runs.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from neuroap import CorticalClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> model = CorticalClassifier(epochs=2).fit(X / 16, y)  # doctest: +SKIP
    """

    def __init__(
        self,
        layout: Layout | None = None,
        rule: AdjointPropagation | None = None,
        *,
        epochs: int = 20,
        batch_size: int | str = "auto",
        dt_ms: float | None = None,
        dtype: str = "float32",
        device: str = "runtime",
        precision: str = "float32",
        task_order: str = "alternating",
        stop_at: float = 0.9999,
        shuffle: bool = True,
        progress: bool | str = "auto",
        checkpoint: str | Path | None = None,
        random_state: Any = 0,
    ) -> None:
        self.layout = layout
        self.rule = rule
        self.epochs = epochs
        self.batch_size = batch_size
        self.dt_ms = dt_ms
        self.dtype = dtype
        self.device = device
        self.precision = precision
        self.task_order = task_order
        self.stop_at = stop_at
        self.shuffle = shuffle
        self.progress = progress
        self.checkpoint = checkpoint
        self.random_state = random_state

    # -- learning ------------------------------------------------------------------------------

    def fit(self, X: Any, y: Any = None, test: Any = None, resume: bool = False) -> Self:
        """Draw weights and learn.

        Parameters
        ----------
        X : array, shape (trials, inputs), or mapping of str to (X, y)
            Stimuli; a mapping gives those of several tasks, with their labels. A task with several inputs
            takes them side by side, in the order of declaration.
        y : array, shape (trials,)
            Labels.
        test : (X, y), or mapping of str to (X, y), optional
            Trials on which accuracy is measured after every epoch; they do not change the training.
        resume : bool
            Go on from `checkpoint` if that file exists.

        Returns
        -------
        self

        Raises
        ------
        DataError
            Stimuli or labels that do not fit the layout.
        SettingError
            Settings out of range.
        CheckpointError
            A checkpoint of other settings or data, damaged, or not writable.
        DivergenceError
            Rates or weights that became infinite or NaN; those of the epoch before are kept.
        """
        check_settings(self)
        data, tests = self._prepare(X, y, test)
        self._draw(data)
        training = self._training(data, tests)
        self._keep(training)
        keeper = Keeper(self, training)
        if resume:
            keeper.resume()
        training.build()  # before anything of an earlier run is overwritten
        keeper.write()  # a place that cannot be written shows before the first epoch
        try:
            training.run(keeper.after_epoch, self.progress)
        finally:
            # Also when interrupted: the state is that after the last whole epoch.
            self._keep(training)
            keeper.write()
        return self

    def partial_fit(self, X: Any, y: Any = None, classes: Any = None) -> Self:
        """Learn from trials in the order given, once; begins with fresh weights if there are none.

        The history takes no note of it; the learning rate is that after ``n_iter_`` epochs.

        Parameters
        ----------
        X, y
            As in `fit`.
        classes : array, optional
            All labels, if the first trials do not hold them all.

        Raises
        ------
        DataError, SettingError, DivergenceError
            As in `fit`; weights stay as they were.
        """
        if not hasattr(self, "learner_"):
            check_settings(self)
            data, _ = self._prepare(X, y, None, classes)
            self._draw(data)
            self._keep(self._training(data, {}))
        else:
            data = self._encode(by_task(self.layout_, X, y, "partial_fit"), "partial_fit")
        training = self._training(data, {})
        training.shuffle, training.done = False, self.n_iter_
        training.once()
        return self

    # -- answering -----------------------------------------------------------------------------

    def predict_proba(self, X: Any, task: str | None = None) -> NDArray[np.floating]:
        """Output rates at the end of inference, shape (trials, classes); rows sum to 1.

        Parameters
        ----------
        X : array, shape (trials, inputs)
        task : str, optional
            Needed where the layout has several tasks.
        """
        check_is_fitted(self)
        task = self._task(task)
        x = self._stimuli(task, X, "predict")
        rates = self.learner_.infer(task, x)[:, : len(self._classes[task])]
        return rates / rates.sum(axis=1, keepdims=True)

    def predict(self, X: Any, task: str | None = None) -> NDArray[Any]:
        """The label of the output node with the largest rate, shape (trials,)."""
        rates = self.predict_proba(X, task)
        return self._classes[self._task(task)][rates.argmax(axis=1)]

    def score(self, X: Any, y: Any, sample_weight: Any = None, task: str | None = None) -> float:
        """Fraction of trials with the right label."""
        predicted = self.predict(X, task)
        right = predicted == check_labels(y, len(predicted), "score")
        return float(np.average(right, weights=sample_weight))

    # -- keeping -------------------------------------------------------------------------------

    def save(self, path: str | Path) -> None:
        """Write a checkpoint: layout, weights, optimiser, history, settings and versions in one netCDF file."""
        check_is_fitted(self)
        files.write(as_checkpoint(self), path)

    @classmethod
    def load(cls, path: str | Path, device: str | None = None) -> Self:
        """Read a model back from a checkpoint; `device` may be another than the one where it was trained.

        Raises
        ------
        CheckpointError
            A file that is missing, damaged or foreign.
        """
        kept = files.read(path)
        model = cls(Layout.from_toml(kept.layout), rule_from(kept), **settings_from(kept))
        model.device = device or model.device
        restore(model, kept)
        return model

    # -- inside --------------------------------------------------------------------------------

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "learner_")

    def _prepare(self, X: Any, y: Any, test: Any, classes: Any = None) -> tuple[dict[str, Trials], dict[str, Trials]]:
        """Check trials, settle layout and classes, and turn labels into indices of output nodes."""
        if self.layout is None:
            X, y = self._validated("fit", X=X, y=y)
            n_classes = len(find_classes(y if classes is None else classes, None, "fit"))
            self.layout_ = hierarchy(areas=2, input=X.shape[1], output=n_classes, block=64)
        else:
            self.layout_ = self.layout
        rule = self.rule or AdjointPropagation()
        check_rule(self.layout_, rule)
        check_equations(self.layout_, rule, self.dt_ms)
        trials = by_task(self.layout_, X, y, "fit")
        labels = {task: y if classes is None else classes for task, (_, y) in trials.items()}
        self._set_classes({task: find_classes(each, self._n_output(task), "fit") for task, each in labels.items()})
        tests = {} if test is None else by_task(self.layout_, *_pair(test), "test")
        return self._encode(trials, "fit"), self._encode(tests, "test")

    def _set_classes(self, classes: dict[str, NDArray[Any]]) -> None:
        self._classes = classes
        self.classes_: Any = classes if len(self.layout_.tasks) > 1 else next(iter(classes.values()))

    def _n_output(self, task: str) -> int | None:
        return None if self.layout is None else self.layout_.task_output(task).size

    def _encode(self, trials: Mapping[str, tuple[Any, Any]], where: str) -> dict[str, Trials]:
        encoded = {}
        for task, (X, y) in trials.items():
            if task not in self._classes:
                raise DataError(where, "there are no training trials of the task", task)
            x = self._stimuli(task, X, where)
            encoded[task] = x, encode(y, self._classes[task], len(x), where)
        return encoded

    def _stimuli(self, task: str, X: Any, where: str) -> Array:
        if self.layout is None:
            X = self._validated(where, X=X, reset=False)
        return check_stimuli(self.layout_, task, X, self.dtype, where)

    def _validated(self, where: str, **given: Any) -> Any:
        """Let scikit-learn check what it expects of every estimator."""
        try:
            return validate_data(self, **given, dtype=np.dtype(self.dtype))
        except (ValueError, TypeError) as error:
            raise refusal(where, error) from error

    def _draw(self, data: Mapping[str, Trials], device: str | None = None) -> None:
        """Begin with fresh weights; `device` is what was chosen already."""
        self.seed_ = as_seed(self.random_state)
        n = max(len(x) for x, _ in data.values())
        size = max(1, min(DEFAULT_BATCH, -(-n // 20))) if self.batch_size == "auto" else self.batch_size
        self.learner_ = learner_of(self, draw_weights(self.layout_, self.seed_), int(size), device or self.device)
        self.n_features_in_ = next(iter(data.values()))[0].shape[1]
        self._fingerprint = fingerprint(data)

    def _adopt(self, learner: Learner, training: Training) -> None:
        """Go on with the weights of `learner` from where `training` is."""
        self.learner_ = training.learner = learner
        self._keep(training)

    def _training(self, data: Mapping[str, Trials], tests: Mapping[str, Trials]) -> Training:
        return Training(
            self.learner_, data, tests, int(self.epochs), self.task_order, self.seed_, self.stop_at, self.shuffle
        )  # fmt: skip

    def _keep(self, training: Training) -> None:
        """Make the state of a training run that of the model."""
        self.weights_, self.device_ = self.learner_.weights, self.learner_.device
        self.history_ = as_dataset(training.history, self.layout_.tasks)
        self.n_iter_ = len(training.history)
        self._position = {"phase": training.phase, "done": training.done}

    def _task(self, task: str | None) -> str:
        if task is None and len(self._classes) == 1:
            return next(iter(self._classes))
        if task not in self._classes:
            hint = did_you_mean(str(task), self._classes) if task else f"one of {list(self._classes)}"
            raise DataError("task", "name a task that was learnt", task, hint)
        return task


def _pair(test: Any) -> tuple[Any, Any]:
    return (test, None) if isinstance(test, Mapping) else as_pair(test, "test")
