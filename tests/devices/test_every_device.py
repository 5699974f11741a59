"""One suite on every device: the same numbers wherever a network runs.

Every compiled network costs a build of some ten seconds, so on compiled devices most of the suite is slow; one small
network is built and put through everything in the quick run.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from brian.dale import with_dale
from brian.frames import with_frames
from brian.graphs import Case, draw_case, draw_trials
from brian.judging import assert_weights_agree, oracle_of

from neuroap import AdjointPropagation, Area, CorticalClassifier, hierarchy, load
from neuroap.brian import DEVICES, CorticalNetwork, network_on
from neuroap.brian.compiled.devices import toolchain_of
from neuroap.errors import DeviceError, DivergenceError
from neuroap.layout import Layout
from neuroap.training.checking import violations
from neuroap.training.learner import Learner
from neuroap.verify import verify
from neuroap.weights import draw_weights, source_signs

GOLDEN = Path(__file__).parents[3] / "shared" / "golden"
TRACES = sorted(GOLDEN.glob("*.npz")) or [GOLDEN / "two_area_ste.npz"]
COMPILED = [d for d in DEVICES if d != "runtime"]
# Tests that a device cannot pass yet, and why: {(device, name of the test): reason}.
GAPS: dict[tuple[str, str], str] = {}
QUICK = ("test_a_small_network_does_everything",)


def _param(device: str) -> object:
    return pytest.param(device, marks=[] if device == "runtime" else pytest.mark.slow)


@pytest.fixture(params=[_param(d) for d in DEVICES])
def device(request: pytest.FixtureRequest) -> str:
    """Each device in turn, compiled ones in the slow run."""
    return usable(request.param, request.node.originalname)


@pytest.fixture(params=[pytest.param(d) for d in DEVICES])
def quick_device(request: pytest.FixtureRequest) -> str:
    """Each device in turn, in the quick run too."""
    return usable(request.param, request.node.originalname)


def usable(device: str, test: str) -> str:
    """The device, unless this machine lacks it or the test is a known gap of it: skipped with the reason."""
    if (device, test) in GAPS:
        pytest.skip(GAPS[device, test])
    if device != "runtime":
        try:
            toolchain_of(device)
        except DeviceError as error:
            pytest.skip(str(error).splitlines()[0])
    if device == "cuda_standalone" and not Path("/dev/nvidiactl").exists():
        pytest.skip("there is no GPU: the code is generated and compiled in tests/brian/test_cuda_code.py")
    return device


def test_no_gap_is_left_over() -> None:
    """The table names devices and tests that exist."""
    tests = {name for name in globals() if name.startswith("test_")}
    assert all(device in DEVICES and test in tests for device, test in GAPS)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("path", TRACES, ids=lambda p: p.stem)
def test_golden_traces_agree(device: str, path: Path, dtype: str) -> None:
    """To 1e-9 in float64, to rounding in float32."""
    if device == "runtime":
        pytest.skip("all traces are replayed in test_verify.py")
    if not path.exists():
        pytest.skip(f"no golden trace at {path}: it lies beside the checkout, not in it")
    assert [d for d in verify(path, dtype, device) if not d.agrees] == []


def learn_and_compare(case: Case, device: str, seed: int) -> Learner:
    """Outputs and weights of three updates, the last of them on a partial batch, next to the oracle's."""
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
    return learner


@pytest.mark.parametrize("seed", [3, 5, 8])
def test_random_layouts_agree_with_the_oracle(device: str, seed: int) -> None:
    """Any graph, any rule, several tasks."""
    learn_and_compare(draw_case(seed), device, seed)


@pytest.mark.parametrize("seed", [1, 6])
def test_dales_law_agrees_with_the_oracle(device: str, seed: int) -> None:
    """Both updates, silent cells, pathways of some cells: the same numbers, and no sign is wrong."""
    case = with_dale(seed)
    learner = learn_and_compare(case, device, seed)
    assert violations(learner, seed).violations == 0
    assert any(source_signs(case.layout, p.name) is not None for p in case.layout.pathways if p.plastic)


@pytest.mark.parametrize("seed", [0, 7])
def test_stimuli_change_while_areas_settle(device: str, seed: int) -> None:
    """Several inputs with frames of their own, shown once (EPE) or twice (STE)."""
    case = with_frames(seed)
    assert max(i.frames for i in case.layout.inputs) > 1
    learn_and_compare(case, device, seed)


@pytest.mark.parametrize("seed", [2, 4])
def test_windows_end_early_everywhere(device: str, seed: int) -> None:
    """Settling by tolerance takes the steps that the oracle takes."""
    case = draw_case(seed)
    rule = replace(case.rule, steps=(12, 9), tolerance=1e-3)
    learn_and_compare(replace(case, rule=rule), device, seed)


@pytest.mark.parametrize("schedule", ["sequential", "concurrent"])
def test_own_equations_and_plasticity_agree_with_the_runtime_device(device: str, schedule: str) -> None:
    """Adaptation, cells of two types, dt < tau, biases, plasticity with a weight-dependent term, both schedules."""
    equations = """
    du/dt = (-u + I_rec + I_inf - beta*I_err + b - 0.3*a)/tau : 1
    da/dt = (-a + r**2)/(30*ms) : 1
    theta = 0.2*excitatory + 0.01*neuron : 1
    r = clip(u - theta, 0, 1)/(0.5 + abs(u)) : 1"""
    base = hierarchy(2, input=6, output=3, block=5, excitatory=0.8)
    layout = with_areas(base, [replace(a, equations=equations, tau_ms=10.0) for a in base.areas])
    text = "dw = (2*phase - 1)*r_pre*r_post - 0.01*phase*w"
    rule = AdjointPropagation((4, 3), error="EPE", plasticity=text, schedule=schedule, bias_plasticity=True)
    x, labels = np.random.default_rng(0).uniform(size=(11, 6)), np.arange(11) % 3
    found = {}
    for where in ("runtime", device):
        learner = Learner(layout, rule, draw_weights(layout, 1), 4, 5.0, "float64", where)
        found[where] = learner.learn({"task": (x, labels)})["task"], learner.weights
    np.testing.assert_allclose(found[device][0], found["runtime"][0], rtol=0, atol=1e-12)
    for name, weights in found["runtime"][1].items():
        np.testing.assert_allclose(found[device][1][name], weights, rtol=0, atol=1e-12, err_msg=name)


def with_areas(layout: Layout, areas: list[Area]) -> Layout:
    """A layout with other areas of the same names."""
    return Layout(*layout.inputs, *areas, *layout.outputs, *layout.pathways, name=layout.name)


def test_noise_has_its_variance_and_its_seed(device: str) -> None:
    """An Ornstein-Uhlenbeck area reaches variance sigma^2/2; the same seed gives the same bits."""
    text = "du/dt = (-u + I_inf - beta*I_err)/tau + 0.2*xi*tau**-0.5 : 1\nr = u : 1"
    base = hierarchy(1, input=6, output=3, block=50)
    layout = with_areas(base, [replace(base.areas[0], equations=text, recurrence=None)])
    network = network_on(device, layout, AdjointPropagation((20, 1)), trials=200, dt_ms=1.0, dtype="float64")
    network.load({n: np.zeros_like(w) for n, w in draw_weights(layout, 0).items()})
    rates = []
    for seed in (1, 1, 2):
        network.run({"task": (np.zeros((200, 6)), None)}, seed=seed)
        rates.append(network.values("V1", "r_inf").copy())
    assert np.array_equal(rates[0], rates[1])
    assert not np.array_equal(rates[0], rates[2])
    variance = 0.2**2 / (2 - 0.1)  # of the Euler-Maruyama step with dt = tau/10
    assert rates[0].var() == pytest.approx(variance, rel=6 * np.sqrt(2 / rates[0].size))
    assert rates[0].mean() == pytest.approx(0, abs=6 * np.sqrt(variance / rates[0].size))


def test_copies_side_by_side_equal_single_networks(device: str) -> None:
    """Two networks of other weights, orders, learning rates and betas, in one run."""
    layout = hierarchy(2, input=6, output=3, block=5)
    rules = [
        AdjointPropagation((4, 4), recurrent_plasticity=0.5, learning_rate=e, beta=b) for e, b in ((1e-2, 1), (1e-3, 2))
    ]
    x, labels = np.random.default_rng(0).uniform(size=(11, 6)), np.arange(11) % 3
    orders = [np.random.default_rng(k).permutation(11) for k in (0, 1)]
    both = network_on(device, layout, rules[0], trials=4, dtype="float64", copies=2)
    both.rules = rules
    for copy in (0, 1):
        both.load(draw_weights(layout, copy), copy=copy)
    outputs = both.run({"task": (x, labels)}, [{"task": o} for o in orders], learn=True)["task"]
    for copy in (0, 1):
        alone = CorticalNetwork(layout, rules[copy], trials=4, dtype="float64")
        alone.load(draw_weights(layout, copy))
        expected = alone.run({"task": (x, labels)}, {"task": orders[copy]}, learn=True)["task"]
        np.testing.assert_allclose(outputs[copy], expected, rtol=0, atol=1e-12)
        for name, weights in alone.weights().items():
            np.testing.assert_allclose(both.weights(copy=copy)[name], weights, rtol=0, atol=1e-12, err_msg=name)


def test_training_equals_that_of_the_runtime_device(device: str) -> None:
    """Epochs, test accuracy, a smaller last batch, in single precision: the same history to rounding."""
    images = load("digits")
    histories = {}
    for where in ("runtime", device):
        model = CorticalClassifier(epochs=4, batch_size=100, device=where, progress=False)
        model.fit(images.X_train[:950], images.y_train[:950], test=(images.X_test, images.y_test))
        histories[where] = model.history_
    np.testing.assert_allclose(histories[device].loss, histories["runtime"].loss, rtol=1e-4)
    np.testing.assert_allclose(histories[device].test_accuracy, histories["runtime"].test_accuracy, atol=0.01)


def test_large_arrays_are_shared_among_threads(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """More neurons and synapses than one thread takes alone, and none that the threads would split evenly."""
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "3")
    layout = hierarchy(2, input=400, output=3, block=331)
    rule = AdjointPropagation((3, 2), recurrent_plasticity=0.5)
    x, labels = np.random.default_rng(0).uniform(size=(160, 400)), np.arange(160) % 3
    found = {}
    for where in ("runtime", device):
        network = network_on(where, layout, rule, trials=80, dtype="float64")
        network.load(draw_weights(layout, 1))
        found[where] = network.run({"task": (x, labels)}, learn=True), network.weights()
    for task, outputs in found["runtime"][0].items():
        np.testing.assert_allclose(found[device][0][task], outputs, rtol=0, atol=1e-11)
    for name, weights in found["runtime"][1].items():
        np.testing.assert_allclose(found[device][1][name], weights, rtol=0, atol=1e-9, err_msg=name)


def test_a_small_network_does_everything(quick_device: str) -> None:
    """One build: learning, answers in batches of its size, recording, several runs, divergence; V1 obeys Dale's law."""
    plain, device = hierarchy(2, input=6, output=3, block=4), quick_device
    law = {"excitatory": 0.75, "dale": True, "activation": "sigmoid", "lesions": ("SE.I",)}
    layout = with_areas(plain, [replace(plain.areas[0], **law), plain.areas[1]])
    rule = AdjointPropagation((5, 4), learning_rate=0.1, recurrent_plasticity=0.5, bias_plasticity=True, tolerance=1e-4)
    x, labels = np.random.default_rng(0).uniform(size=(10, 6)), np.arange(10) % 3
    weights = draw_weights(layout, 0)
    oracle = oracle_of(layout, rule, weights)
    learner = Learner(layout, rule, weights, 4, dtype="float64", device=device)
    for _ in range(2):
        outputs = learner.learn({"task": (x, labels)})["task"]
        rows = [oracle.batch("task", {"task": (x[k : k + 4], labels[k : k + 4])}) for k in (0, 4, 8)]
        np.testing.assert_allclose(outputs, np.concatenate([r.output["choice"] for r in rows]), rtol=0, atol=1e-9)
    assert_weights_agree(learner.weights, oracle)
    assert violations(learner, 0).violations == 0
    bound = [n for n, w in learner.weights.items() if (w == 0).sum() > (weights[n] == 0).sum()]
    assert bound == ["V1.recurrence"]  # where some met their bound
    assert not learner.network().values("image", "r")[2:].any()  # the last batch shows two trials
    expected = np.concatenate([oracle.predict("task", x[k : k + 4])["choice"] for k in (0, 4, 8)])
    np.testing.assert_allclose(learner.infer("task", x), expected, rtol=0, atol=1e-9)
    models = {
        d: CorticalClassifier(layout, rule, epochs=1, batch_size=4, dtype="float64", device=d)
        for d in {"runtime", device}
    }
    traces = [m.set_params(progress=False).fit(x, labels).record(x, labels) for m in models.values()]
    for name in ("rate", "error"):
        first, last = traces[0][name].values, traces[-1][name].values
        every_batch = np.isfinite(first) & np.isfinite(last)  # batches of another size may settle sooner
        np.testing.assert_allclose(first[every_batch], last[every_batch], rtol=0, atol=1e-3)
    longer = [m.record(x, labels, steps=(7, 2)) for m in models.values()]
    assert longer[0].sizes["step"] == 7
    xr.testing.assert_allclose(longer[0], longer[-1], rtol=0, atol=1e-9)
    broken = CorticalClassifier(
        layout, replace(rule, learning_rate=1.7e308), epochs=3, batch_size=4, dtype="float64", device=device
    )
    with pytest.raises(DivergenceError, match="became infinite or NaN"):
        broken.set_params(progress=False).fit(x, labels)
    assert all(np.isfinite(w).all() for w in broken.weights_.values())


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
