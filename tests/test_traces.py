"""Reading traces: what they become in our terms, and what is said of damaged or foreign files."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neuroap.errors import TraceError
from neuroap.layout import Layout, Normal, Recurrence, Zeros, hierarchy
from neuroap.traces import read_trace
from neuroap.weights import draw_weights

GOLDEN = Path(__file__).parents[1].parent / "shared" / "golden"
META = {
    "areas": 2,
    "n_input": 5,
    "n_output": 3,
    "neurons_per_area": 10,
    "blocks": {"RI": [0, 4], "SI": [3, 6], "RE": [6, 8], "SE": [7, 9]},
    "steps_inference": 8,
    "steps_learning": 4,
    "error": "EPE",
    "spectral_radius": 0.25,
    "connection_rate": 0.5,
    "beta": 1.5,
    "batch_size": 6,
    "updates": 2,
    "optimizer": "adam",
    "learning_rate": 0.001,
    "adam": {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-08},
    "recurrent_plasticity": None,
    "bias_plasticity": False,
    "activation": "tanh",
}
SHAPES = {
    "W_in": (5, 4),
    "W_1_2": (3, 4),
    "W_out": (3, 3),
    "E_out": (3, 2),
    "E_2_1": (2, 2),
    "W_rec_1": (10, 10),
    "W_rec_2": (10, 10),
    "b_1": (10,),
    "b_2": (10,),
    "b_out": (3,),
}
META5 = {
    "configuration": "alternating",
    "blocks_per_area": 6,
    "block_size": 2,
    "neurons_per_area": 12,
    "optimizer": "adam (one step counter per task)",
    "plastic": ["W_x1_1", "W_x2_3", "W_1_2", "W_3_4", "W_2_y1", "W_4_y2"],
    **{k: META[k] for k in ("n_input", "n_output", "batch_size", "updates", "error", "beta", "learning_rate")},
    **{k: META[k] for k in ("steps_inference", "steps_learning", "spectral_radius", "connection_rate")},
}
SHAPES5 = {
    **dict.fromkeys(("W_x1_1", "W_x2_3"), (5, 2)),
    **dict.fromkeys(("W_1_2", "W_1_3", "W_3_4", "E_3_1", "E_4_3"), (2, 2)),
    **dict.fromkeys(("W_2_y1", "W_4_y2", "W_4_y1"), (2, 3)),
    **dict.fromkeys(("E_y1_2", "E_y2_4", "E_y1_4"), (3, 2)),
    **{f"W_rec_{k}": (12, 12) for k in range(1, 5)},
}


def arrays_of(shapes: dict[str, tuple[int, ...]], streams: dict[str, str], rng: Any) -> dict[str, Any]:
    """Random weights at both moments, and random stimuli and labels."""
    arrays = {f"{m}/{name}": rng.normal(size=s) for m in ("initial", "final") for name, s in shapes.items()}
    for x, labels in streams.items():
        arrays |= {x: rng.uniform(size=(2, 6, 5)), labels: rng.integers(0, 3, (2, 6))}
    return arrays


def small(path: Path, settings: Any = None, **changed: Any) -> Path:
    """Write a small hierarchy's trace; `changed` arrays replace others, None removes one."""
    rng = np.random.default_rng(0)
    arrays = arrays_of(SHAPES, {"x": "labels"}, rng)
    arrays |= {"batch0/output": rng.uniform(size=(6, 3)), "batch0/loss": np.array(1.2)}
    arrays |= {"batch0/e_out": rng.uniform(size=(6, 3)), "batch0/e_2": rng.uniform(size=(6, 10))}
    arrays |= {
        "batch0/grad_W_1_2": rng.uniform(size=(3, 4)),
        "meta": np.array(json.dumps(META | (settings or {}))),
    }
    arrays |= changed
    np.savez(path, **{key: value for key, value in arrays.items() if value is not None})
    return path


def small_figure5(path: Path, settings: Any = None, **changed: Any) -> Path:
    """Write a small trace of figure 5; see `small`."""
    rng = np.random.default_rng(0)
    arrays = arrays_of(SHAPES5, {"x1": "labels1", "x2": "labels2"}, rng)
    arrays |= {"meta": np.array(json.dumps(META5 | (settings or {}))), **changed}
    np.savez(path, **{key: value for key, value in arrays.items() if value is not None})
    return path


# ---------------------------------------------------------------------- what a trace becomes


def test_a_hierarchy_in_our_terms(tmp_path: Path) -> None:
    path = small(tmp_path / "two.npz")
    trace = read_trace(path)
    blocks = {"RI": (0, 4), "SI": (3, 6), "RE": (6, 8), "SE": (7, 9)}
    recurrence = Recurrence(0.25, 0.5, "with-replacement")
    assert trace.name == "two"
    assert trace.layout == hierarchy(2, 5, 3, blocks, neurons=10, recurrence=recurrence)
    settings = trace.settings
    assert (settings.steps, settings.error, settings.beta) == ((8, 4), "EPE", 1.5)
    assert (settings.optimizer, settings.learning_rate) == ("adam", 0.001)
    assert (settings.recurrent_plasticity, settings.bias_plasticity) == (0.0, False)
    assert (settings.batch_size, settings.updates) == (6, 2)
    file = np.load(path)
    pairs = {
        "image -> V1.RI": "W_in",
        "V1.SI -> V2.RI": "W_1_2",
        "V2.SI -> choice": "W_out",
        "choice -> V2.RE": "E_out",
        "V2.SE -> V1.RE": "E_2_1",
        "V1.recurrence": "W_rec_1",
        "V2.recurrence": "W_rec_2",
        "V1.bias": "b_1",
        "V2.bias": "b_2",
        "choice.bias": "b_out",
    }
    assert trace.initial.keys() == trace.final.keys() == pairs.keys()
    for ours, theirs in pairs.items():
        for weights, moment in ((trace.initial, "initial"), (trace.final, "final")):
            np.testing.assert_array_equal(np.atleast_2d(file[f"{moment}/{theirs}"]), weights[ours])


def same_names_and_shapes(layout: Layout, weights: dict[str, np.ndarray]) -> bool:
    """Whether `weights` are what `draw_weights` gives, up to their values."""
    shapes = {name: w.shape for name, w in draw_weights(layout, seed=0).items()}
    return {name: w.shape for name, w in weights.items()} == shapes


def test_batches_and_expected_quantities(tmp_path: Path) -> None:
    path = small(tmp_path / "two.npz")
    trace, file = read_trace(path), np.load(path)
    assert same_names_and_shapes(trace.layout, trace.initial)
    assert [tasks for tasks, _ in trace.batches] == [("task",), ("task",)]
    for update, (_, data) in enumerate(trace.batches):
        np.testing.assert_array_equal(data["task"][0], file["x"][update])
        np.testing.assert_array_equal(data["task"][1], file["labels"][update])
    names = {
        ("output", "choice"): "output",
        ("loss", "choice"): "loss",
        ("e_out", "choice"): "e_out",
        ("e", "V2"): "e_2",
        ("grad", "V1.SI -> V2.RI"): "grad_W_1_2",
    }
    assert trace.expected.keys() == names.keys()
    for key, theirs in names.items():
        np.testing.assert_array_equal(trace.expected[key], file[f"batch0/{theirs}"])
    assert trace.expected_in(("task",)).keys() == names.keys()


def test_figure5_alternating_in_our_terms(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    e1, e2, y2 = rng.uniform(size=(6, 12)), rng.uniform(size=(6, 12)), rng.uniform(size=(6, 3))
    given = {"batch0/task1_e_4": e1, "batch0/task2_e_4": e2, "batch0/output2": y2}
    trace = read_trace(small_figure5(tmp_path / "figure5b.npz", **given))
    layout = trace.layout
    assert [n.name for n in layout.nodes] == ["x1", "x2", "A1", "A2", "A3", "A4", "y1", "y2"]
    assert layout.tasks == ("fashion", "mnist")
    assert layout.name == "figure5b"
    assert len(layout.pathways) == 11
    assert not {"A1.b4 -> A3.b1", "A4.b2 -> y1"} & trace.initial.keys()
    assert all(p.plastic == (p.kind == "inference") for p in layout.pathways)
    assert {p.weights for p in layout.open(kind="error")} == {Normal(0.5)}
    assert {o.bias for o in layout.outputs} == {Zeros()}
    assert not trace.initial["y1.bias"].any()
    assert {p.name for p in layout.open("fashion", "error")} & {p.name for p in layout.open("mnist")} == {
        "A4.b6 -> A3.b3"
    }
    assert same_names_and_shapes(layout, trace.final)
    assert [tasks for tasks, _ in trace.batches] == [("mnist",), ("fashion",)] * 2
    assert [list(data) for _, data in trace.batches] == [["mnist"], ["fashion"]] * 2
    assert trace.expected.keys() == {("e@fashion", "A4"), ("e@mnist", "A4"), ("output@mnist", "y2")}
    assert trace.expected_in(("mnist",)).keys() == {("e", "A4"), ("output", "y2")}
    np.testing.assert_array_equal(trace.expected_in(("mnist",))["e", "A4"], e2)
    np.testing.assert_array_equal(trace.expected_in(("fashion",))["e", "A4"], e1)


def test_figure5_at_once_in_our_terms(tmp_path: Path) -> None:
    path = small_figure5(tmp_path / "figure5c_at_once.npz", {"configuration": "simultaneous"})
    trace, file = read_trace(path), np.load(path)
    assert [tasks for tasks, _ in trace.batches] == [("fashion", "mnist")] * 2
    np.testing.assert_array_equal(trace.batches[1][1]["mnist"][0], file["x2"][1])
    np.testing.assert_array_equal(trace.batches[1][1]["fashion"][1], file["labels1"][1])
    fixed = {p.name for p in trace.layout.open(kind="inference") if not p.plastic}
    assert fixed == {"A1.b4 -> A3.b1", "A4.b2 -> y1"}
    assert trace.layout.name == "figure5c"
    np.testing.assert_array_equal(trace.initial["A4.b2 -> y1"], file["initial/W_4_y1"])


def test_every_golden_trace_can_be_read() -> None:
    paths = sorted(GOLDEN.glob("*.npz"))
    if not paths:
        pytest.skip(f"no golden traces in {GOLDEN}: they lie beside the checkout, not in it")
    for path in paths:
        trace, file = read_trace(path), np.load(path)
        assert same_names_and_shapes(trace.layout, trace.initial)
        assert same_names_and_shapes(trace.layout, trace.final)
        assert len(trace.expected) == sum(key.startswith("batch0/") for key in file.files)
        assert len(trace.batches) == trace.settings.updates * (2 if "alternating" in path.name else 1)
        plastic = json.loads(str(file["meta"])).get("plastic")
        if plastic:
            assert sum(p.plastic for p in trace.layout.pathways) == len(plastic)


# ---------------------------------------------------------------------- damaged and foreign files


def says(path: Path, first_line: str) -> str:
    """Check the first line of the error, which starts with the file; return the whole of it."""
    with pytest.raises(TraceError, match=re.escape(first_line)) as caught:
        read_trace(path)
    text = str(caught.value)
    assert text.splitlines()[0] == f"{path}: {first_line}"
    return text


def test_files_that_are_no_archive(tmp_path: Path) -> None:
    says(tmp_path / "absent.npz", "no such file")
    for name, content in (
        ("text.npz", b"accuracy,0.97\n"),
        ("empty.npz", b""),
        ("zip.npz", b"PK\x03\x04junk"),
    ):
        (tmp_path / name).write_bytes(content)
        says(tmp_path / name, "is no .npz archive, or a damaged one")
    np.save(tmp_path / "one.npy", np.zeros(3))
    says(tmp_path / "one.npy", "is no .npz archive")
    np.savez(tmp_path / "objects.npz", meta=np.array([{}], dtype=object))
    assert "allow_pickle" in says(tmp_path / "objects.npz", "is no .npz archive, or a damaged one")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_truncated_files(tmp_path: Path, share: float) -> None:
    path = small(tmp_path / "cut.npz")
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    says(path, "is no .npz archive, or a damaged one")


def test_a_flipped_byte_is_noticed(tmp_path: Path) -> None:
    path = small(tmp_path / "flipped.npz")
    content = bytearray(path.read_bytes())
    content[content.index(b"initial/W_rec_1.npy") + 400] ^= 0xFF
    path.write_bytes(content)
    says(path, "is no .npz archive, or a damaged one")


def test_foreign_archives(tmp_path: Path) -> None:
    np.savez(tmp_path / "foreign.npz", weights=np.zeros(3), bias=np.zeros(2))
    text = says(tmp_path / "foreign.npz", "misses the array 'meta'")
    assert "it holds weights, bias" in text
    path = small(tmp_path / "a.npz", meta=np.array("{areas: 2"))
    reason = "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"
    says(path, f"its array 'meta' is no JSON ({reason})")
    path = small(tmp_path / "b.npz", meta=np.array("[2, 5]"))
    says(path, "its array 'meta' must be a JSON object (got [2, 5])")


@pytest.mark.parametrize("key", sorted(META.keys() - {"adam", "recurrent_plasticity", "bias_plasticity"}))
def test_missing_metadata(tmp_path: Path, key: str) -> None:
    meta = np.array(json.dumps({k: v for k, v in META.items() if k != key}))
    says(small(tmp_path / "a.npz", meta=meta), f"its metadata miss {key!r}")


@pytest.mark.parametrize("key", sorted(META5.keys() - {"configuration"}))
def test_missing_metadata_of_figure5(tmp_path: Path, key: str) -> None:
    meta = np.array(json.dumps({k: v for k, v in META5.items() if k != key}))
    says(small_figure5(tmp_path / "a.npz", meta=meta), f"its metadata miss {key!r}")


@pytest.mark.parametrize(
    ("meta", "line"),
    [
        ({"areas": "two"}, "its metadata hold no usable 'areas' (got 'two')"),
        ({"beta": True}, "its metadata hold no usable 'beta' (got True)"),
        ({"beta": float("nan")}, "its metadata hold no usable 'beta' (got nan)"),
        ({"error": "XYZ"}, "'error' must be one of STE, EPE (got 'XYZ')"),
        ({"optimizer": ""}, "'optimizer' must be one of adam, sgd (got '')"),
        ({"blocks": {"RI": [0]}}, "block 'RI' must be [start, stop] (got [0])"),
        ({"adam": {"beta1": 0.5}}, f"'adam' must be {META['adam']} (got {{'beta1': 0.5}})"),
    ],
)
def test_metadata_that_cannot_be_used(tmp_path: Path, meta: dict[str, Any], line: str) -> None:
    says(small(tmp_path / "a.npz", meta), line)


def test_metadata_that_contradict_themselves(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match=r"metadata declare no layout: Area\.neurons: .* reach 9 neurons"):
        read_trace(small(tmp_path / "a.npz", {"neurons_per_area": 8}))
    with pytest.raises(TraceError, match="'configuration' must be one of alternating, simultaneous"):
        read_trace(small_figure5(tmp_path / "b.npz", {"configuration": "both"}))


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"initial/W_in": None}, "misses the array 'initial/W_in'"),
        ({"final/b_out": None}, "misses the array 'final/b_out'"),
        ({"labels": None}, "misses the array 'labels'"),
        ({"initial/W_in": np.zeros((4, 5))}, "array 'initial/W_in' must have shape (5, 4) (got (4, 5))"),
        ({"initial/b_1": np.zeros((1, 10))}, "array 'initial/b_1' must have shape (10,) (got (1, 10))"),
        ({"x": np.zeros((1, 6, 5))}, "array 'x' must have shape (2, 6, 5) (got (1, 6, 5))"),
        (
            {"final/W_in": np.full((5, 4), np.nan)},
            "array 'final/W_in' must hold finite numbers (got 'float64')",
        ),
        (
            {"labels": np.full((2, 6), 3)},
            "array 'labels' must hold classes, whole numbers from 0 to 2 (got 3)",
        ),
        (
            {"labels": np.full((2, 6), 0.5)},
            "array 'labels' must hold classes, whole numbers from 0 to 2 (got 0.5)",
        ),
        ({"initial/W_1_3": np.zeros((3, 4))}, "its layout has no such weights (got 'initial/W_1_3')"),
        ({"batch0/e_3": np.zeros((6, 10))}, "its layout has no such quantity (got 'batch0/e_3')"),
        ({"batch0/spikes": np.zeros(3)}, "its layout has no such quantity (got 'batch0/spikes')"),
        ({"batch0/e_1": np.zeros((6, 9))}, "array 'batch0/e_1' must have shape (6, 10) (got (6, 9))"),
    ],
)
def test_arrays_that_are_missing_or_do_not_fit(tmp_path: Path, changed: dict[str, Any], line: str) -> None:
    says(small(tmp_path / "a.npz", **changed), line)


@pytest.mark.parametrize("key", ["e_3", "task3_e_3", "grad_W_3_4"])
def test_alternating_quantities_must_name_their_task(tmp_path: Path, key: str) -> None:
    array = np.zeros((2, 2) if key.startswith("grad") else (6, 12))
    path = small_figure5(tmp_path / "a.npz", **{f"batch0/{key}": array})
    says(path, f"quantity must name its task: 'task1_' or 'task2_' (got 'batch0/{key}')")
