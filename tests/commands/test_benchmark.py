"""neuroap benchmark: its floor has exactly the products of the network, and its times are those of batches."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from models import recruitment, reuse
from neuroap import AdjointPropagation, benchmark, hierarchy
from neuroap.benchmark import Interleaved, measure
from neuroap.floor import Floor, products
from neuroap.training import Learner
from neuroap.weights import draw_weights

SMALL = hierarchy(2, 7, 3, {"RI": 2, "SI": 3, "RE": 4, "SE": 5})
TRIALS = 6
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
        seen.append((*a.shape, b.shape[1]))
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


def test_times_of_batches_leave_the_floor_out(monkeypatch):
    now = iter([10.0, 10.25, 11.5, 11.75, 14.0, 99.0])
    monkeypatch.setattr(benchmark.time, "perf_counter", lambda: next(now))

    class Fixed:
        def run(self):
            return 0.125

    timer = Interleaved(Fixed())
    for batch in range(3):
        timer(batch)
    # The first batch begins at 10, and after its floor at 10.25; the second at 11.5 and 11.75; the third at 14.
    assert timer.first == 10
    assert timer.batches == [1.25, 2.25]
    assert timer.floors == [0.125] * 3


def test_batches_are_compared_with_the_floor_before_them_and_the_first_warms_up():
    timer = Interleaved(None, batches=[90.0, 4.0, 6.0], floors=[9.0, 2.0, 3.0, 70.0])
    times, floors = timer.measured()
    assert (times.tolist(), floors.tolist()) == ([4.0, 6.0], [2.0, 3.0])


def test_measurements():
    found = measure(SMALL, batches=3, trials=TRIALS)
    assert [(r["device"], r["task"]) for r in found["results"]] == [
        ("runtime", "batch learning"),
        ("runtime", "batch inference"),
    ]
    learning, inference = found["results"]
    assert learning["milliseconds"] > inference["milliseconds"] > inference["floor_milliseconds"] > 0
    for r in found["results"]:
        assert r["times_floor"] > 1  # areas so small that the products are the least
    assert all(0 < r["call_milliseconds"] < 2000 for r in found["results"])
    assert found["peak_memory_mib"] > 50
    assert found["threads"] >= 1
    assert (found["trials"], found["batches"], found["neurons"]) == (TRIALS, 3, [14, 14])


@pytest.fixture
def small(monkeypatch):
    """Let the command measure a small network."""
    monkeypatch.setattr(benchmark, "hierarchy", lambda areas: SMALL)


@pytest.mark.usefixtures("small")
def test_json(command):
    done = command("benchmark", "--batches", 2, "--json")
    assert done.code == 0
    keys = {"device", "task", "milliseconds", "floor_milliseconds", "times_floor"}
    assert all(keys <= set(r) for r in done.json["results"])
    assert {"threads", "machine"} <= set(done.json)


@pytest.mark.usefixtures("small")
def test_table(command):
    done = command("benchmark", "--batches", 2)
    assert done.code == 0
    assert "areas of 14 + 14 neurons" in done.out
    rows = [line for line in done.out.splitlines() if line.startswith("batch ")]
    assert [row.split()[:3] for row in rows] == [["batch", "learning", "runtime"], ["batch", "inference", "runtime"]]
    assert "peak memory of the process: " in done.out


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--batches", 0), "batches: must be a positive integer (got 0)"),
        (("--device", "runtme"), "did you mean 'runtime'?"),
    ],
)
def test_settings_out_of_range(command, options, message):
    done = command("benchmark", *options)
    assert (done.code, done.out) == (1, "")
    assert message in done.err
