"""Layouts of every kind: what they hold, how they print, and that they come back from their repr."""

import copy
import pickle
import re

import numpy as np
import pytest
from layout.examples import EXAMPLES

import neuroap.layout
from neuroap import Area, Input, Layout, Output, error, hierarchy, inference
from neuroap.errors import LayoutError
from neuroap.layout import Balanced, Block, Constant, Initial, Normal, Recurrence, Site, Uniform, Zeros
from neuroap.layout.geometry import bar_label
from neuroap.weights import draw_weights

each_example = pytest.mark.parametrize("layout", EXAMPLES.values(), ids=EXAMPLES)


@each_example
def test_repr_evaluates_to_an_equal_layout(layout: Layout) -> None:
    again = eval(repr(layout), vars(neuroap.layout).copy())
    assert again == layout
    assert hash(again) == hash(layout)
    assert repr(again) == repr(layout)


@each_example
def test_parts_evaluate_to_equal_parts(layout: Layout) -> None:
    for part in (*layout.nodes, *layout.pathways):
        assert eval(repr(part), vars(neuroap.layout).copy()) == part


@each_example
def test_copies_are_equal(layout: Layout) -> None:
    assert copy.deepcopy(layout) == layout
    assert pickle.loads(pickle.dumps(layout)) == layout


def test_layouts_differ_by_every_part() -> None:
    assert len({*EXAMPLES.values()}) == len(EXAMPLES)
    base = hierarchy(2, 6, 3, 2)
    changed = [
        hierarchy(2, 7, 3, 2),
        hierarchy(2, 6, 4, 2),
        hierarchy(2, 6, 3, 1),
        hierarchy(2, 6, 3, 2, neurons=9),
        hierarchy(2, 6, 3, 2, activation="relu"),
        hierarchy(2, 6, 3, 2, recurrence=None),
        hierarchy(2, 6, 3, 2, feedback=Normal()),
        hierarchy(2, 6, 3, 2, bias=Normal()),
        hierarchy(2, 6, 3, 2, name="other"),
        Layout(*base.nodes, *base.pathways[:-1], name=base.name),
        Layout(*base.nodes, *base.pathways[::-1], name=base.name),
    ]
    assert len({base, *changed}) == len(changed) + 1


def test_the_line_of_a_declaration_does_not_matter() -> None:
    here = inference("V1.SI", "V2.RI")
    there = inference("V1.SI", "V2.RI")
    assert here == there
    assert here.declared != there.declared
    assert here.declared.startswith("test_layout.py:")


def test_a_layout_is_frozen() -> None:
    layout = hierarchy(1, 6, 3, 2)
    with pytest.raises(AttributeError, match="cannot assign to field 'name'"):
        layout.name = "other"  # type: ignore[misc]
    with pytest.raises(AttributeError, match="cannot assign to field 'size'"):
        layout.inputs[0].size = 5  # type: ignore[misc]


@pytest.mark.parametrize("depth", range(1, 11))
def test_hierarchy_joins_neighbours(depth: int) -> None:
    layout = hierarchy(depth, 6, 3, 2)
    names = [f"V{i}" for i in range(1, depth + 1)]
    assert [a.name for a in layout.areas] == names
    sends = ["image", *(f"{n}.SI" for n in names)]
    receives = [*(f"{n}.RI" for n in names), "choice"]
    assert [(p.source, p.target) for p in layout.open(kind="inference")] == list(zip(sends, receives, strict=True))
    sends = ["choice", *(f"{n}.SE" for n in names[:0:-1])]
    receives = [f"{n}.RE" for n in names[::-1]]
    assert [(p.source, p.target) for p in layout.open(kind="error")] == list(zip(sends, receives, strict=True))
    assert [p.plastic for p in layout.pathways] == [True] * (depth + 1) + [False] * depth


def test_hierarchy_passes_settings_on() -> None:
    recurrence = Recurrence(0.5)
    layout = hierarchy(3, recurrence=recurrence, bias=Uniform(), activation="relu", feedback=Normal(0.5), neurons=2000)
    assert {(a.recurrence, a.bias, a.activation, a.size) for a in layout.areas} == {
        (recurrence, Uniform(), "relu", 2000)
    }
    assert [p.weights for p in layout.open(kind="error")] == [None, Normal(0.5), Normal(0.5)]
    assert (layout["image"].size, layout["choice"].size) == (784, 10)


@pytest.mark.parametrize(
    ("blocks", "extents"),
    [
        (2, {"RI": (0, 2), "SI": (2, 4), "RE": (4, 6), "SE": (6, 8)}),
        (np.int64(1), {"RI": (0, 1), "SI": (1, 2), "RE": (2, 3), "SE": (3, 4)}),
        ({"A": 2, "B": 5}, {"A": (0, 2), "B": (2, 7)}),
        ({"A": (0, 4), "B": (2, 6)}, {"A": (0, 4), "B": (2, 6)}),
        ({"A": [1, 3]}, {"A": (1, 3)}),
        ({"A": (0, 4), "B": (0, 2), "C": 3}, {"A": (0, 4), "B": (0, 2), "C": (4, 7)}),
        ([Block("A", 3, 2), Block("B", 0, 1)], {"A": (3, 5), "B": (0, 1)}),
        ((Block("A", np.int32(3), np.int32(2)),), {"A": (3, 5)}),
    ],
)
def test_blocks_may_be_given_in_many_forms(blocks: object, extents: dict[str, tuple[int, int]]) -> None:
    area = Area("V1", blocks)  # type: ignore[arg-type]
    assert {b.name: (b.start, b.stop) for b in area.block_list} == extents
    assert area.size == max(stop for _, stop in extents.values())
    assert all(type(n) is int for b in area.block_list for n in (b.start, b.size))
    assert Area("V1", area.blocks) == area


def test_neurons_may_belong_to_no_block() -> None:
    area = Area("V1", {"A": (3, 5)}, neurons=9)
    assert area.size == 9
    assert [(b.start, b.stop) for b in area.block_list] == [(3, 5)]


def test_numbers_of_numpy_become_plain_ones() -> None:
    rates = Recurrence(np.float64(0.5), np.float32(0.25))
    assert repr(rates) == "Recurrence(spectral_radius=0.5, connection_rate=0.25, placement='distinct')"
    assert repr(Input("x", np.int64(4))) == "Input(name='x', size=4, frames=1)"
    assert type(Area("A", 2, neurons=np.int64(9)).size) is int


@pytest.mark.parametrize(
    ("address", "site"),
    [
        ("V1.RI", ("V1", 0, 5)),
        ("V1.SE", ("V1", 9, 11)),
        ("V1.all", ("V1", 0, 11)),
        ("image", ("image", 0, 6)),
        ("choice", ("choice", 0, 3)),
    ],
)
def test_an_address_names_a_range(address: str, site: tuple[str, int, int]) -> None:
    found = EXAMPLES["unequal"].site(address)
    assert found == Site(*site)
    assert found.size == site[2] - site[1]


def test_tasks_come_from_pathways() -> None:
    assert EXAMPLES["two_area"].tasks == ("task",)
    assert EXAMPLES["reuse"].tasks == ("mnist", "fashion")
    assert EXAMPLES["settings"].tasks == ("one", "two words")
    assert inference("A.SI", "y", tasks="mnist").tasks == ("mnist",)
    assert inference("A.SI", "y", tasks=["a", "b"]).tasks == ("a", "b")  # type: ignore[arg-type]


def test_open_pathways_of_tasks() -> None:
    layout = EXAMPLES["recruitment 5c"]
    assert layout.open() == layout.pathways
    assert layout.open(("fashion", "mnist")) == layout.pathways
    assert layout.open(["fashion"]) == layout.open("fashion")
    assert [p.name for p in layout.open("mnist")] == [
        "A4.b6 -> A3.b3",
        "x2 -> A3.b5",
        "A3.b2 -> A4.b1",
        "A4.b3 -> y2",
        "y2 -> A4.b4",
    ]
    assert [p.name for p in layout.open("mnist", "error")] == ["A4.b6 -> A3.b3", "y2 -> A4.b4"]
    assert layout.open(()) == ()
    assert EXAMPLES["skip"].open(()) == EXAMPLES["skip"].pathways


def test_check_tasks() -> None:
    layout = EXAMPLES["reuse"]
    assert layout.check_tasks(None) == {"mnist", "fashion"}
    assert layout.check_tasks("mnist") == {"mnist"}
    with pytest.raises(LayoutError, match=r"no such task \(got 'fashon'\)\n  did you mean 'fashion'\?"):
        layout.check_tasks(["mnist", "fashon"])


def test_ends_of_tasks() -> None:
    layout = EXAMPLES["recruitment 5b"]
    assert [i.name for i in layout.task_inputs("fashion")] == ["x1"]
    assert [i.name for i in layout.task_inputs("mnist")] == ["x2"]
    assert (layout.task_output("fashion").name, layout.task_output("mnist").name) == ("y1", "y2")


def test_pathways_know_their_nodes() -> None:
    pathway = error("choice", "V2.RE")
    assert (pathway.source_node, pathway.target_node, pathway.name) == ("choice", "V2", "choice -> V2.RE")


def test_equations_of_an_area() -> None:
    assert Area("V1", 2, activation="sigmoid").model_equations == (
        "du/dt = (-u + I_rec + b + I_inf - beta*I_err)/tau : 1\nr = 0.5 + 0.5*tanh(u) : 1"
    )
    assert Area("V1", 2, equations="r = u**2 : 1").model_equations == "r = u**2 : 1"


@pytest.mark.parametrize(
    "equations", ["dr/dt = -r/tau : 1", "x = 2 : 1\nr : 1", "r = (u +\n   1) : 1 (constant over dt)"]
)
def test_equations_may_define_the_rate_in_many_ways(equations: str) -> None:
    assert Area("V1", 2, equations=equations).model_equations == equations


def test_parts_may_come_in_any_order() -> None:
    layout = hierarchy(2, 6, 3, 2)
    mixed = Layout(*layout.pathways, *layout.outputs, *layout.areas, *layout.inputs, name=layout.name)
    assert mixed == layout


@each_example
def test_a_layout_holds_its_nodes_by_name(layout: Layout) -> None:
    """As a mapping does: names are what it iterates over, and what it contains."""
    names = list(layout)
    assert names == [n.name for n in layout.nodes]
    assert [layout[name] for name in names] == list(layout.nodes)
    assert all(name in layout for name in names)
    assert "nowhere" not in layout
    assert layout.nodes[0] not in layout
    assert 0 not in layout
    assert ["V1"] not in layout  # which no set could hold


def test_print_tells_pathways_that_no_error_teaches() -> None:
    """Their weights may learn, but nothing makes them: a reservoir, or an error pathway that was forgotten."""
    layout = Layout(
        Input("image", 6),
        Area("V1", 2),
        Area("V2", 2),
        Output("one", 3),
        Output("two", 3),
        inference("image", "V1.RI"),
        inference("V1.SI", "V2.RI", tasks="a"),
        inference("V1.SI", "V2.SI", tasks="b"),
        inference("V2.SI", "one", tasks="a"),
        inference("V2.SI", "two", tasks="b"),
        error("two", "V2.RE", tasks="b"),
    )
    rows = [line.split() for line in str(layout).splitlines() if line.startswith("inference")]
    assert [(row[1], row[2], " ".join(row[6:8])) for row in rows] == [
        ("image", "V1.RI", "no error"),
        ("V1.SI", "V2.RI", "no error"),
        ("V1.SI", "V2.SI", "yes uniform"),
        ("V2.SI", "one", "yes uniform"),
        ("V2.SI", "two", "yes uniform"),
    ]


def test_print_shows_two_tables() -> None:
    layout = Layout(
        Input("image", 6),
        Area("V1", {"RI": 2, "SI": (1, 4)}, neurons=5, recurrence=Recurrence(0.9, 1)),
        Area("V2", {"A": 3}, recurrence=None, equations="r = u : 1"),
        Output("choice", 3),
        inference("image", "V1.RI", tasks=("a", "b")),
        inference("V1.SI", "V2.A", weights=Normal(0.1), plastic=False),
        inference("V2.all", "choice"),
        error("choice", "V2.A"),
        error("V2.A", "V1.all", tasks="b"),
        name="two_tables",
    )
    assert (
        str(layout)
        == """\
two_tables: 2 areas, 8 neurons, 21 plastic weights, tasks a, b

node    size  activation     recurrence      bias                       blocks
------  ----  -------------  --------------  -------------------------  --------------
image   6     identity
V1      5     tanh           SR 0.9, rate 1  zeros                      RI 0:2  SI 1:4
V2      3     own equations  none            zeros                      A 0:3
choice  3     softmax                        uniform ±1/sqrt(n_source)

kind       source  target  shape  plastic  initial weights            tasks
---------  ------  ------  -----  -------  -------------------------  -----
inference  image   V1.RI   6 x 2  yes      uniform ±1/sqrt(n_source)  a, b
inference  V1.SI   V2.A    3 x 3  no       normal sd 0.1              all
inference  V2.all  choice  3 x 3  yes      uniform ±1/sqrt(n_source)  all
error      choice  V2.A    3 x 3  no       uniform ±1/sqrt(n_source)  all
error      V2.A    V1.all  3 x 5  no       uniform ±1                 b"""
    )


@pytest.mark.parametrize(
    ("bias", "shown"),
    [
        (Constant(-0.25), "constant -0.25"),
        (Balanced(), "balanced"),
        (Normal(0.01), "normal sd 0.01"),
        (Uniform(0.5, True), "uniform ±0.5/sqrt(N)"),
    ],
)
def test_print_shows_biases(bias: Initial, shown: str) -> None:
    layout = hierarchy(dale=True, bias=bias)
    rows = [line for line in str(layout).splitlines() if line.startswith("V")]
    assert len(rows) == 2
    assert all(f"  {shown}  " in row for row in rows)
    assert str(layout) != str(hierarchy(dale=True))


@pytest.mark.parametrize(
    ("source", "weights", "shown", "signs"),
    [
        ("V1.SI", Uniform(2, True), "uniform (E [0, 1], I [-4, 0])/sqrt(n_source)", (1, -4)),
        ("V1.SI", Uniform(), "uniform (E [0, 0.5], I [-2, 0])", (0.5, -2)),
        ("V1.SI.E", Uniform(), "uniform (E [0, 1])", (1, 0)),
        ("V1.SI.I", Uniform(3), "uniform (I [-3, 0])", (0, -3)),
        ("V1.all", Uniform(), "uniform (E [0, 0.5], I [-2, 0])", (0.5, -2)),
        ("V1.SI", Normal(0.1), "half-normal rms E +0.05, I -0.2", (0.05, -0.2)),
        ("V1.SI", Zeros(), "zeros", (0, 0)),
    ],
)
def test_print_tells_the_signs_of_the_law_as_weights_are_drawn(
    source: str, weights: Initial, shown: str, signs: tuple[float, float]
) -> None:
    plain = hierarchy(2, 6, 3, 50, dale=True)
    layout = Layout(*plain.nodes, *plain.pathways, inference(source, "V2.SI", weights=weights, name="new"))
    assert re.split(r" {2,}", str(layout).splitlines()[-1])[-2] == shown
    w = draw_weights(layout, 0)["new"]
    scale = np.sqrt(len(w)) if "sqrt" in shown else 1
    of_type = [w[w > 0], w[w < 0]]
    if isinstance(weights, Normal):
        found = [sign * np.sqrt(np.mean(np.square(each))) for sign, each in zip((1, -1), of_type, strict=True)]
    else:
        found = [sign * scale * np.abs(each).max(initial=0) for sign, each in zip((1, -1), of_type, strict=True)]
    assert found == pytest.approx(signs, rel=0.06)


def test_print_shows_no_signs_where_no_law_holds() -> None:
    assert "uniform ±" in str(hierarchy(2, 6, 3, 50, excitatory=0.8))
    assert "[" not in str(hierarchy(2, 6, 3, 50, excitatory=0.8))


def test_frames_are_printed_and_come_back() -> None:
    layout = hierarchy(1, 32, 2, 4, frames=8)
    assert (layout["image"].columns, layout["image"].frames) == (256, 8)
    assert "image   32 x 8 frames  identity" in str(layout)
    assert Layout.from_toml(layout.to_toml()) == layout
    assert eval(repr(layout["image"])) == layout["image"]
    assert bar_label(layout["image"]) == "image · 32 x 8"
    assert "frames" not in hierarchy(1, 32, 2, 4).to_toml()


@each_example
def test_print_names_every_part(layout: Layout) -> None:
    lines = str(layout).splitlines()
    for node in layout.nodes:
        assert any(line.split()[:2] == [node.name, str(node.size)] for line in lines)
    for p in layout.pathways:
        assert any(line.split()[:3] == [p.kind, p.source, p.target] for line in lines)
