"""One suite on every device: the same numbers wherever a network runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from brian.graphs import draw_case, draw_trials
from brian.judging import assert_weights_agree, oracle_of

from neuroap.brian import DEVICES
from neuroap.training.learner import Learner
from neuroap.verify import verify
from neuroap.weights import draw_weights

GOLDEN = Path(__file__).parents[3] / "shared" / "golden"
# Tests that a device cannot pass yet, and why: {(device, name of the test): reason}.
GAPS: dict[tuple[str, str], str] = {}


@pytest.fixture(params=DEVICES)
def device(request: pytest.FixtureRequest) -> str:
    """Each device in turn; known gaps are skipped with their reason."""
    name = request.node.originalname
    if (request.param, name) in GAPS:
        pytest.skip(GAPS[request.param, name])
    return request.param


def test_no_gap_is_left_over() -> None:
    """The table names devices and tests that exist."""
    tests = {name for name in globals() if name.startswith("test_")}
    assert all(device in DEVICES and test in tests for device, test in GAPS)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", ["two_area_ste", "figure5c_simultaneous", "recurrent_and_bias_plasticity"])
def test_golden_traces_agree(device: str, name: str, dtype: str) -> None:
    """To 1e-9 in float64, to rounding in float32."""
    if device == "runtime":
        pytest.skip("all traces are replayed in test_verify.py")
    path = GOLDEN / f"{name}.npz"
    if not path.exists():
        pytest.skip(f"no golden trace at {path}: it lies beside the checkout, not in it")
    assert [d for d in verify(path, dtype, device) if not d.agrees] == []


@pytest.mark.parametrize("seed", [3])
def test_random_layouts_agree_with_the_oracle(device: str, seed: int) -> None:
    """Outputs and weights of three updates, the last of them on a partial batch."""
    case = draw_case(seed)
    weights = draw_weights(case.layout, seed)
    learner = Learner(case.layout, case.rule, weights, case.trials, case.dt_ms, "float64", device)
    oracle = oracle_of(case.layout, case.rule, weights, case.dt_ms)
    data = draw_trials(case.layout, case.shown, seed)
    for tasks in case.runs:
        outputs = learner.learn({t: data[t] for t in tasks})
        expected: dict[str, list[np.ndarray]] = {t: [] for t in tasks}
        for start in range(0, case.shown, case.trials):
            batch = {t: tuple(d[start : start + case.trials] for d in data[t]) for t in tasks}
            record = oracle.batch(tasks, batch)
            for t in tasks:
                expected[t].append(record.output[case.layout.task_output(t).name])
        for t in tasks:
            np.testing.assert_allclose(outputs[t], np.concatenate(expected[t]), rtol=0, atol=1e-9)
    assert_weights_agree(learner.weights, oracle)


def test_answers_do_not_change_the_weights(device: str) -> None:
    """Inference alone, in batches of another size."""
    case = draw_case(1)
    weights = draw_weights(case.layout, 1)
    learner = Learner(case.layout, case.rule, weights, case.trials, case.dt_ms, "float64", device)
    oracle = oracle_of(case.layout, case.rule, weights, case.dt_ms)
    for task, (x, _) in draw_trials(case.layout, 7, 1).items():
        expected = oracle.predict(task, x)[case.layout.task_output(task).name]
        np.testing.assert_allclose(learner.infer(task, x, trials=5), expected, rtol=0, atol=1e-9)
    assert all(np.array_equal(learner.weights[name], w) for name, w in weights.items())
