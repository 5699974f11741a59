"""Silencing cells of a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sklearn.base import clone

from neuroap.errors import SettingError
from neuroap.layout import Layout
from neuroap.training.keeping import as_checkpoint, restore
from neuroap.training.learner import OptimizerState
from neuroap.weights import silenced, source_alive
from neuroap.weights.state import MASK


def lesioned(model: Any, addresses: Sequence[str]) -> Any:
    """A copy of `model` with silent cells; see `CorticalClassifier.lesion`."""
    fitted = hasattr(model, "learner_")
    layout = model.layout_ if fitted else model.layout
    if layout is None:
        hint = "give CorticalClassifier a layout, or let it learn first"
        raise SettingError("lesion", "a model without a layout has no cells yet", hint=hint)
    layout = layout.lesion(*addresses)
    other = clone(model).set_params(layout=layout, checkpoint=None)
    if fitted:
        kept = as_checkpoint(model)
        weights = {name: silenced(layout, name, w) for name, w in kept.weights.items()}
        states = {key: _masked(layout, state) for key, state in kept.states.items()}
        other.device_ = model.device_
        restore(other, replace(kept, layout=layout.to_toml(), weights=weights, states=states))
    return other


def _masked(layout: Layout, state: OptimizerState) -> OptimizerState:
    """The optimiser's state in which weights that leave silent cells do not learn."""
    arrays = {name: _without_silent(layout, name, own) for name, own in state.arrays.items()}
    return OptimizerState(state.updates, arrays)


def _without_silent(layout: Layout, name: str, arrays: Mapping[str, Any]) -> dict[str, Any]:
    living = source_alive(layout, name)
    if living is None or MASK not in arrays:
        return dict(arrays)  # a mask that is not there yet is made when the network is loaded
    return {**arrays, MASK: arrays[MASK] * living[:, None]}
