"""Between estimator and checkpoint: what is kept, when, and how a run goes on from it."""

from __future__ import annotations

import dataclasses
import json
import time
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neuroap.errors import CheckpointError
from neuroap.layout import Layout
from neuroap.rules import OPTIMIZERS, AdjointPropagation
from neuroap.training import checkpoint as files
from neuroap.training.history import from_dataset
from neuroap.training.learner import Learner
from neuroap.training.loop import Training, Trials
from neuroap.training.progress import announcer

if TYPE_CHECKING:
    from neuroap.training.estimator import CorticalClassifier

EVERY_SECONDS = 1.0
# What decides about the numbers; where progress and files go does not.
SETTINGS = ("epochs", "batch_size", "dt_ms", "dtype", "precision", "device", "task_order", "stop_at", "shuffle")
MAY_CHANGE = ("epochs", "device")


class Keeper:
    """Writes the checkpoint of a training run, and lets the run go on from it.

    Parameters
    ----------
    model : CorticalClassifier
    training : Training
    """

    def __init__(self, model: CorticalClassifier, training: Training) -> None:
        self.model, self.training = model, training
        self.path = None if model.checkpoint is None else Path(model.checkpoint)
        self.written = 0.0

    def after_epoch(self) -> None:
        """Take the state over into the model, and write it if the last time is long enough ago."""
        self.model._keep(self.training)
        if time.monotonic() - self.written > EVERY_SECONDS:
            self.write()

    def write(self) -> None:
        """Write the checkpoint, if one is wanted."""
        if self.path is not None:
            files.write(as_checkpoint(self.model), self.path)
            self.written = time.monotonic()

    def resume(self) -> None:
        """Go on from the checkpoint, if there is one.

        Raises
        ------
        CheckpointError
            No path is given, or the file is damaged or of another layout, setting or data set.
        """
        if self.path is None:
            raise CheckpointError("resume", "there is no checkpoint to go on from", hint="give checkpoint=PATH")
        if not self.path.exists():
            return
        kept, now = files.read(self.path), as_checkpoint(self.model)
        hint = "resume with the same settings, or remove the file"
        if Layout.from_toml(kept.layout) != Layout.from_toml(now.layout):
            raise CheckpointError(str(self.path), "was written for another layout", hint=hint)
        # An older file does not name what was added since, and was written with the default.
        ours, theirs = flat(now.settings["estimator"]), flat({"rule": plain_rule(AdjointPropagation())})
        theirs |= flat(kept.settings["estimator"])
        for name in ours:
            if name not in MAY_CHANGE and ours[name] != theirs.get(name):
                raise CheckpointError(str(self.path), f"was written with another {name}", theirs.get(name), hint)
        if any(kept.settings[k] != now.settings[k] for k in ("data", "classes")):
            raise CheckpointError(str(self.path), "was trained on other data", hint=hint)
        if ours["device"] != theirs["device"]:
            what = f"was written on device {theirs['device']!r}, and goes on on {ours['device']!r}"
            self.model.learner_.say(f"{self.path} {what}: the numbers are the same but for rounding")
        restore(self.model, kept, self.training)


def learner_of(model: CorticalClassifier, weights: Mapping[str, Any], trials: int, device: str) -> Learner:
    """A learner with the settings of `model`."""
    rule, say = model.rule or AdjointPropagation(), announcer(model.progress)
    return Learner(model.layout_, rule, weights, trials, model.dt_ms, model.dtype, device, say, model.precision)


def as_checkpoint(model: CorticalClassifier) -> files.Checkpoint:
    """What a checkpoint keeps of a model."""
    learner = model.learner_
    estimator = {n: getattr(model, n) for n in SETTINGS}
    estimator |= {"device": learner.device, "rule": plain_rule(learner.rule), "random_state": model.seed_}
    settings = {
        "estimator": estimator,
        "position": model._position,
        "classes": {t: c.tolist() for t, c in model._classes.items()},
        "n_features_in": model.n_features_in_,
        "trials": learner.trials,
        "data": model._fingerprint,
    }
    plain = json.loads(json.dumps(settings, default=_plain))
    return files.Checkpoint(model.layout_.to_toml(), plain, learner.weights, learner.states, model.history_)


def fingerprint(data: Mapping[str, Trials]) -> dict[str, list[int]]:
    """Shape of the stimuli and a checksum of the trials, by task."""
    found = {}
    for task, (x, labels) in data.items():
        checksum = zlib.crc32(np.ascontiguousarray(labels), zlib.crc32(np.ascontiguousarray(x)))
        found[task] = [*x.shape, checksum]
    return found


def plain_rule(rule: AdjointPropagation) -> dict[str, Any]:
    """A learning rule in numbers and texts."""
    optimizer = {"kind": rule.optimizer.kind, **dataclasses.asdict(rule.optimizer)}
    return dataclasses.asdict(rule) | {"optimizer": optimizer}


def rule_from(kept: files.Checkpoint) -> AdjointPropagation:
    """The learning rule of a checkpoint, the default where an older one names none."""
    settings = dict(kept.settings["estimator"]["rule"])
    optimizer = dict(settings.pop("optimizer"))
    return AdjointPropagation(**settings, optimizer=OPTIMIZERS[optimizer.pop("kind")](**optimizer))


def settings_from(kept: files.Checkpoint) -> dict[str, Any]:
    """Settings of the estimator that wrote a checkpoint, but for layout and rule."""
    return {n: v for n, v in kept.settings["estimator"].items() if n != "rule"}


def restore(model: CorticalClassifier, kept: files.Checkpoint, training: Training | None = None) -> None:
    """Put a model, and the training run it is in, where a checkpoint was."""
    settings, resumed = kept.settings, training is not None
    model.layout_ = Layout.from_toml(kept.layout)
    model._set_classes({t: np.array(c) for t, c in settings["classes"].items()})
    model.seed_, model.n_features_in_ = settings["estimator"]["random_state"], settings["n_features_in"]
    model._fingerprint = settings["data"]
    learner = learner_of(model, kept.weights, settings["trials"], getattr(model, "device_", model.device))
    learner.states = kept.states
    training = training or Training(
        learner, {}, {}, model.epochs, model.task_order, model.seed_, model.stop_at, model.shuffle
    )  # fmt: skip
    training.history = from_dataset(kept.history)
    training.phase, training.done = settings["position"]["phase"], settings["position"]["done"]
    model._adopt(learner, training)
    if not resumed:
        model.history_.attrs |= kept.history.attrs  # of a model that goes on they say nothing any more


def flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings with dotted names."""
    found: dict[str, Any] = {}
    for name, value in settings.items():
        found |= flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {f"{prefix}{name}": value}
    return found


def _plain(value: Any) -> Any:
    """Numbers of NumPy as JSON can hold them."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot be kept in a checkpoint")
