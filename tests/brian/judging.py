"""The oracle beside a network: the same rule, and every quantity compared."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from oracle import Oracle, Record

from neuroap.brian import CorticalNetwork
from neuroap.brian.nodes import AreaGroup
from neuroap.layout import Layout
from neuroap.rules import AdjointPropagation


def oracle_of(
    layout: Layout, rule: AdjointPropagation, weights: Mapping[str, np.ndarray], dt_ms: float | None = None
) -> Oracle:
    """The oracle that follows `rule`."""
    return Oracle(
        layout,
        weights,
        steps=rule.steps,
        error=rule.error,
        beta=rule.beta,
        derivative=rule.derivative,
        optimizer=rule.optimizer.kind,
        learning_rate=rule.learning_rate,
        recurrent_plasticity=rule.recurrent_plasticity,
        bias_plasticity=rule.bias_plasticity,
        weight_decay=rule.weight_decay,
        tolerance=rule.tolerance,
        dale=rule.dale,
        dt_over_tau=1.0 if dt_ms is None else {a.name: dt_ms / a.tau_ms for a in layout.areas},
    )


def assert_states_agree(network: CorticalNetwork, record: Record, atol: float = 1e-9) -> int:
    """Rates of both phases, errors and outputs of the last batch; returns how many arrays were compared."""
    compared = 0
    for name, group in network.groups.items():
        if isinstance(group, AreaGroup):
            expected = {"r_inf": record.r_inference, "r": record.r_learning, "err": record.e}
        elif name in record.output:
            expected = {"r_inf": record.output, "err": record.e}
        else:
            continue
        for variable, arrays in expected.items():
            actual = group.array(variable)[: len(arrays[name])]
            np.testing.assert_allclose(actual, arrays[name], rtol=atol, atol=atol, err_msg=f"{variable} of {name}")
            compared += 1
    return compared


def assert_weights_agree(actual: Mapping[str, np.ndarray], oracle: Oracle, atol: float = 1e-9) -> None:
    """All weights, plastic or not."""
    assert actual.keys() == oracle.weights.keys()
    for name, expected in oracle.weights.items():
        np.testing.assert_allclose(actual[name], expected, rtol=atol, atol=atol, err_msg=name)
