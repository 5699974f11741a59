"""Windows that end early: the same numbers as an oracle that stops when nothing changes any more."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from brian.graphs import draw_case, draw_trials, part
from brian.judging import assert_states_agree, assert_weights_agree, oracle_of

from neuroap import AdjointPropagation, CorticalClassifier, draw_weights, hierarchy
from neuroap.brian import CorticalNetwork
from neuroap.errors import RuleError
from neuroap.training.learner import Learner

LAYOUT = hierarchy(areas=2, block=6, input=9, output=3)
RULE = AdjointPropagation(steps=(20, 15), tolerance=1e-3)


def trials(n: int, seed: int = 0) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Random stimuli and labels."""
    rng = np.random.default_rng(seed)
    return {"task": (rng.uniform(size=(n, 9)), rng.integers(3, size=n))}


def ran(rule: AdjointPropagation, n: int = 10) -> CorticalNetwork:
    """A network after one batch of learning."""
    network = CorticalNetwork(LAYOUT, rule, trials=10, dtype="float64")
    network.load(draw_weights(LAYOUT, 0))
    network.run(trials(n), learn=True)
    return network


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("tolerance", [1e-2, 1e-5])
def test_random_layouts_agree_with_the_oracle(seed: int, tolerance: float) -> None:
    """Every quantity after each batch, the last one smaller, and all weights."""
    case = draw_case(seed)
    rule = replace(case.rule, steps=(12, 9), tolerance=tolerance)
    weights = draw_weights(case.layout, seed)
    learner = Learner(case.layout, rule, weights, case.trials, case.dt_ms, "float64")
    oracle = oracle_of(case.layout, rule, weights, case.dt_ms)
    data = draw_trials(case.layout, case.shown, seed)
    for tasks in case.runs:
        for start in range(0, case.shown, case.trials):
            batch = {t: part(data, start, start + case.trials)[t] for t in tasks}
            learner.learn(batch)
            record = oracle.batch(tasks, batch)
            network = learner.network(tasks)
            assert isinstance(network, CorticalNetwork)
            assert assert_states_agree(network, record) > 0
    assert_weights_agree(learner.weights, oracle)


def test_settled_windows_are_shorter() -> None:
    """Fewer ticks the coarser the tolerance, and never more than without."""
    counts = [ran(replace(RULE, tolerance=t)).ticks for t in (1e-1, 1e-3, 1e-6, 1e-300)]
    assert counts == sorted(set(counts))
    assert counts[-1] == ran(replace(RULE, tolerance=None)).ticks == 20 + 20 + 1 + 15 + 15 + 1


def test_trials_beyond_the_batch_do_not_delay_it() -> None:
    """A batch of three in a network for ten settles as three alone would."""
    few = CorticalNetwork(LAYOUT, RULE, trials=3, dtype="float64")
    few.load(draw_weights(LAYOUT, 0))
    few.run(trials(3), learn=True)
    many = ran(RULE, n=3)
    assert many.ticks == few.ticks
    np.testing.assert_allclose(many.weights()["V1.SI -> V2.RI"], few.weights()["V1.SI -> V2.RI"], rtol=0, atol=1e-14)


def test_areas_that_are_live_at_once_settle_together() -> None:
    """In the concurrent schedule no area closes before all have settled; the end is that of a long run."""
    concurrent = replace(RULE, schedule="concurrent", steps=(60, 60), error="EPE", tolerance=1e-9)
    short, long = ran(concurrent), ran(replace(concurrent, tolerance=None))
    assert short.ticks < long.ticks
    for name in ("V1", "V2"):
        for variable in ("r_inf", "err"):
            np.testing.assert_allclose(short.values(name, variable), long.values(name, variable), rtol=0, atol=1e-8)


def test_recordings_end_where_the_window_ends() -> None:
    """NaN stands for steps that were not taken; the last one is the rate that was kept."""
    data = trials(10)["task"]
    model = CorticalClassifier(LAYOUT, RULE, epochs=1, dtype="float64", progress=False).fit(*data)
    rates = model.record(*data).rate.sel(phase="inference", area="V1").transpose("step", "trial", "neuron")
    taken = np.isfinite(rates.values).all(axis=(1, 2))
    assert 1 < taken.sum() < 20
    assert taken[: taken.sum()].all()
    changes = np.abs(np.diff(rates.values[taken], axis=0)).max(axis=(1, 2))
    assert changes[-1] < 1e-3 <= changes[:-1].min()


@pytest.mark.parametrize("value", [0, -1e-3, float("nan"), "small", True])
def test_tolerances_are_positive(value: object) -> None:
    with pytest.raises(RuleError, match=r"AdjointPropagation\.tolerance: must be a positive number, or None"):
        AdjointPropagation(tolerance=value)  # type: ignore[arg-type]
