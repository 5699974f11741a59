"""neuroap benchmark: its floor has exactly the products of the network, and its times are those of batches."""

from __future__ import annotations

import os
import time
from collections import Counter
from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pytest

from models import recruitment, reuse
from neuroap import AdjointPropagation, benchmark, hierarchy, timing
from neuroap import floor as bare
from neuroap.brian import network as in_process
from neuroap.commands.benchmark import report
from neuroap.errors import DeviceError
from neuroap.floor import Floor, products
from neuroap.memory import peak_mib, peak_of_training
from neuroap.timing import Times, in_turn
from neuroap.training import Learner
from neuroap.weights import draw_weights

SMALL = hierarchy(2, 7, 3, {"RI": 2, "SI": 3, "RE": 4, "SE": 5})
TRIALS = 6
TASKS = ["batch learning", "batch inference", "online learning"]
CASES = {
    "STE": (SMALL, {}),
    "EPE": (SMALL, {"error": "EPE", "steps": (5, 2)}),
    "recurrent plasticity": (SMALL, {"recurrent_plasticity": 0.1}),
    "two terms": (SMALL, {"plasticity": "dw = phase*r_pre*r_post - (1 - phase)*r_pre*r_post*w"}),
    "concurrent": (SMALL, {"schedule": "concurrent", "steps": (4, 3)}),
    "no recurrence": (hierarchy(1, 7, 3, 2, recurrence=None), {}),
    "never silent": (hierarchy(2, 7, 3, 2, activation="sigmoid"), {}),
    "reuse": (reuse.layout(7, 3, 2), {}),
    "recruitment": (recruitment.layout("5c", 7, 3, 2), {"error": "EPE"}),
}


def test_the_products_of_the_default_network():
    chain = products(hierarchy(2), AdjointPropagation(), learn=True)
    shapes = Counter(p.shape(500) for p in chain)
    assert shapes == {
        (500, 1024, 1024): 28,  # 2 areas, 2 phases, 8 steps of which the first is silent
        (500, 784, 256): 1,
        (500, 256, 256): 2,  # V1.SI -> V2.RI, V2.SE -> V1.RE
        (500, 256, 10): 1,
        (500, 10, 256): 1,
        (784, 500, 256): 1,  # plasticity
        (256, 500, 256): 1,
        (256, 500, 10): 1,
    }
    inference = Counter(p.shape(500) for p in products(hierarchy(2), AdjointPropagation(), learn=False))
    assert inference == {(500, 1024, 1024): 14, (500, 784, 256): 1, (500, 256, 256): 1, (500, 256, 10): 1}


@pytest.mark.parametrize("learn", [True, False])
@pytest.mark.parametrize("case", CASES)
def test_the_floor_has_the_products_of_the_network(case, learn, monkeypatch):
    layout, settings = CASES[case]
    rule = AdjointPropagation(**settings)
    learner = Learner(layout, rule, draw_weights(layout, 0), TRIALS)
    network, data = learner.network(), benchmark._trials(layout, TRIALS)
    network.load(learner.weights)
    network.run(data, learn=learn)
    matmul, seen = np.matmul, []

    def counting(a, b, **out):
        assert set(a.shape[:-2] + b.shape[:-2]) <= {1}  # one copy of the network
        seen.append((*a.shape[-2:], b.shape[-1]))
        return matmul(a, b, **out)

    monkeypatch.setattr(np, "matmul", counting)
    network.run(data, learn=learn)
    computed, seen = seen, []
    Floor(layout, products(layout, rule, learn), TRIALS, "float32").run()
    assert len(computed) >= 2
    assert Counter(seen) == Counter(computed)


def test_the_floor_computes_in_the_precision_of_the_network():
    floor = Floor(SMALL, products(SMALL, AdjointPropagation(), learn=True), TRIALS, "float32")
    assert {array.dtype for call in floor._calls for array in call} == {np.dtype("float32")}
    assert floor.run() > 0
    assert all(np.abs(gradient).max() > 0 for gradient in floor._gradients.values())


@pytest.mark.parametrize("trials", [1, 2])
def test_the_floor_computes_the_products(trials):
    """Outer products too, which are computed in a way of their own."""
    rule = AdjointPropagation(recurrent_plasticity=0.1)
    floor = Floor(SMALL, products(SMALL, rule, learn=True), trials, "float64")
    calls = floor._calls
    assert len(calls) > 30
    for left, right, out in calls:
        floor._calls = [(left, right, out)]  # one at a time: some drives share an array
        expected = left @ right
        out[:] = np.nan
        floor.run(2)
        np.testing.assert_allclose(out, expected, rtol=1e-12)


@pytest.mark.parametrize("learn", [True, False])
@pytest.mark.parametrize("trials", [1, TRIALS])
def test_the_floor_takes_as_many_threads_as_the_network(learn, trials, monkeypatch):
    learner = Learner(SMALL, AdjointPropagation(), draw_weights(SMALL, 0), trials)
    network = learner.network()
    network.load(learner.weights)
    asked = []
    for module in (in_process, bare):
        monkeypatch.setattr(module, "threads_for", lambda largest: asked.append(largest) or nullcontext())
    network.run(benchmark._trials(SMALL, trials), learn=learn)
    Floor(SMALL, products(SMALL, AdjointPropagation(), learn), trials, "float32").run()
    assert asked == [trials * 14 * 14] * 2


def test_times_of_runs_leave_their_calls_and_the_floor_out(monkeypatch):
    # A round that warms up, then two: the call, the first batch, a second batch that changes nothing, the end.
    now = iter([0.0, 1.0, 5.0, 10.0, 10.25, 11.5, 20.0, 20.5, 23.0])
    monkeypatch.setattr(timing.time, "perf_counter", lambda: next(now))
    events = []
    monkeypatch.setattr(timing.time, "sleep", lambda seconds: events.append(seconds))

    def run(started):
        events.append("run")
        started(0)
        started(1)

    def floor():
        events.append("floor")
        return 0.5

    times = in_turn(run, floor, 2)
    assert times == Times(runs=[1.25, 2.5], floors=[0.5, 0.5], calls=[0.25, 0.5])
    assert times.ratio == 3.75
    # Before either of them threads of the other fall asleep.
    assert events == [timing.PAUSE, "run", timing.PAUSE, "floor"] * 3


def measure(**settings):
    """Measure small networks."""
    return benchmark.measure(SMALL, SMALL, trials=TRIALS, **settings)


def test_measurements():
    found = measure(batches=3, device="runtime")
    assert [(r["device"], r["task"]) for r in found["results"]] == [("runtime", task) for task in TASKS]
    learning, _, online = found["results"]
    for r in found["results"]:
        assert min(r["milliseconds"], r["floor_milliseconds"], r["times_floor"], r["call_milliseconds"]) > 0
    assert learning["trials_per_second"] == pytest.approx(1e3 * TRIALS / learning["milliseconds"])
    assert online["trials_per_second"] == pytest.approx(1e3 / online["milliseconds"])
    assert (found["absent"], found["builds"]) == ({}, [])
    assert found["threads"] >= 1
    assert (found["trials"], found["batches"]) == (TRIALS, 3)
    assert (found["neurons"], found["online_neurons"]) == ([14, 14], [14, 14])


def test_memory_is_that_of_training_alone():
    """Arrays of this process, which outgrow it, are not counted; the stimuli of the training are."""
    large = np.ones(2**26)
    assert peak_mib() > large.nbytes / 2**20
    layout = hierarchy(1, 2, 784, 2)
    few, many = (peak_of_training(layout, "runtime", rows, 1000) for rows in (1000, 20_000))
    assert 50 < few["process"] < 700
    stimuli = 19_000 * 784 * 4 / 2**20
    assert many["process"] > few["process"] + 0.9 * stimuli
    assert (few["program"], few["total"], few["rows"]) == (0, few["process"], 1000)


def test_a_program_counts_with_its_own_memory():
    try:
        found = measure(batches=1, device="cpp_standalone")
    except DeviceError as error:
        pytest.skip(str(error))
    assert [(r["device"], r["task"]) for r in found["results"]] == [("cpp_standalone", task) for task in TASKS]
    assert all(r["milliseconds"] > 0 and r["times_floor"] > 0 for r in found["results"])
    (memory,) = found["memory"]
    assert memory["total"] == memory["process"] + memory["program"]
    assert memory["program"] > 1
    assert [b["neurons"] for b in found["builds"]] == [[14, 14], [14, 14]]
    assert all(b["mib"] > 0.01 for b in found["builds"])
    assert "cpp_standalone  14 + 14  " in report(found)


def test_only_a_program_built_now_has_a_time_of_building(tmp_path):
    (tmp_path / "native").mkdir()
    (tmp_path / "native" / "header").write_bytes(bytes(2**20))
    os.utime(tmp_path / "native" / "header", (0, 0))  # a copy as old as its source
    manifest = tmp_path / "manifest.json"
    manifest.write_text("")
    network = SimpleNamespace(folder=tmp_path, device="cpp_standalone")
    built = benchmark._build(network, time.time() - 5)
    assert built["seconds"] >= 5
    assert (built["device"], built["mib"]) == ("cpp_standalone", 1)
    os.utime(manifest, (0, 0))
    assert benchmark._build(network, time.time() - 5)["seconds"] is None


@pytest.fixture
def small(monkeypatch):
    """Let the command measure small networks, and only in this process; other devices are absent."""
    monkeypatch.setattr(benchmark, "hierarchy", lambda **_: SMALL)
    on_device = benchmark._on_device

    def only_runtime(device, *args):
        if device != "runtime":
            raise DeviceError(device, "there is none here", hint="buy one")
        return on_device(device, *args)

    monkeypatch.setattr(benchmark, "_on_device", only_runtime)


@pytest.mark.usefixtures("small")
def test_json(command):
    done = command("benchmark", "--batches", 2, "--json")
    assert done.code == 0
    keys = {"device", "task", "milliseconds", "floor_milliseconds", "times_floor", "trials_per_second"}
    assert all(keys <= set(r) for r in done.json["results"])
    assert {"threads", "machine", "memory"} <= set(done.json)
    assert done.json["absent"] == {d: f"{d}: there is none here" for d in ("cpp_standalone", "cuda_standalone")}


@pytest.mark.usefixtures("small")
def test_tables(command):
    done = command("benchmark", "--batches", 2)
    assert done.code == 0
    assert "areas of 14 + 14 neurons" in done.out
    rows = [line.split()[:3] for line in done.out.splitlines() if "learning " in line or "inference " in line]
    assert rows == [[*task.split(), "runtime"] for task in TASKS]
    assert "8000 trials online on runtime: " in done.out
    (memory,) = [line.split() for line in done.out.splitlines() if line.startswith("runtime ")]
    assert memory[1:3] == ["500", "trials"]
    assert memory[4:] == ["0", memory[3]]
    assert done.out.endswith(
        "not measured: cpp_standalone: there is none here\nnot measured: cuda_standalone: there is none here\n"
    )


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--batches", 0), "batches: must be a positive integer (got 0)"),
        (("--device", "runtme"), "did you mean 'runtime'?"),
        (("--device", "cuda_standalone"), "cuda_standalone: there is none here"),
    ],
)
def test_settings_out_of_range(command, options, message):
    done = command("benchmark", *options)
    assert (done.code, done.out) == (1, "")
    assert message in done.err
