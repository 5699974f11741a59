"""The networks of the paper: what their files declare."""

from pathlib import Path
from types import ModuleType

import pytest

from models import cortical_area, deep, recruitment, reuse, two_area
from neuroap import Layout, Normal, Recurrence, Uniform, Zeros, hierarchy
from neuroap.errors import LayoutError

MODELS = {"two_area": two_area, "deep": deep, "reuse": reuse, "recruitment": recruitment}

# spec.md, section 6: (kind, source, target, plastic) of each task.
TASK1 = {
    ("inference", "x1", "A1.b1", True),
    ("inference", "A1.b3", "A2.b1", True),
    ("inference", "A2.b3", "y1", True),
    ("error", "y1", "A2.b4", False),
    ("error", "y1", "A4.b5", False),
    ("error", "A4.b6", "A3.b3", False),
    ("error", "A3.b4", "A1.b6", False),
}
TASK2 = {
    ("inference", "x2", "A3.b5", True),
    ("inference", "A3.b2", "A4.b1", True),
    ("inference", "A4.b3", "y2", True),
    ("error", "y2", "A4.b4", False),
    ("error", "A4.b6", "A3.b3", False),
}
BORROWED = {("inference", "A1.b4", "A3.b1", False), ("inference", "A4.b2", "y1", False)}


def described(layout: Layout, task: str) -> set[tuple[str, str, str, bool]]:
    return {(p.kind, p.source, p.target, p.plastic) for p in layout.open(task)}


@pytest.mark.parametrize("name", MODELS)
def test_defaults_are_those_of_the_paper(name: str) -> None:
    layout = MODELS[name].layout()
    assert {i.size for i in layout.inputs} == {784}
    assert {o.size for o in layout.outputs} == {10}
    assert {b.size for a in layout.areas for b in a.block_list} == {256}
    assert layout.name.startswith(name)


@pytest.mark.parametrize("name", MODELS)
def test_sizes_may_be_chosen(name: str) -> None:
    layout = MODELS[name].layout(input=5, output=3, block=2)
    assert {i.size for i in layout.inputs} == {5}
    assert {o.size for o in layout.outputs} == {3}
    assert {b.size for a in layout.areas for b in a.block_list} == {2}


@pytest.mark.parametrize("module", MODELS.values(), ids=MODELS)
def test_each_file_names_its_reference(module: ModuleType) -> None:
    assert "eLife 15:e108237, doi 10.7554/eLife.108237, figure" in str(module.__doc__)


@pytest.mark.parametrize(("module", "areas"), [(two_area, 2), (deep, 5)])
def test_hierarchies_are_those_of_the_short_form(module: ModuleType, areas: int) -> None:
    layout = module.layout()
    assert layout == hierarchy(areas, name=layout.name)


@pytest.mark.parametrize("areas", [1, 2, 10])
def test_depth_may_be_chosen(areas: int) -> None:
    assert deep.layout(areas=areas, block=2) == hierarchy(areas, block=2, name="deep")


def test_two_areas_and_their_pathways_take_ten_lines() -> None:
    lines = Path(str(two_area.__file__)).read_text(encoding="utf-8").split("return Layout(\n")[1].splitlines()
    assert lines.index("    )") <= 10


@pytest.mark.parametrize(("task", "number"), [("mnist", "1"), ("fashion", "2")])
def test_reuse_is_two_hierarchies_in_the_same_areas(task: str, number: str) -> None:
    def standard(address: str) -> str:
        for ours, theirs in {"x": "image", "y": "choice", "I": "I", "E": "E"}.items():
            address = address.replace(ours + number, theirs)
        return address

    pathways = reuse.layout().open(task)
    two = hierarchy(2).pathways
    assert [(p.kind, standard(p.source), standard(p.target)) for p in pathways] == [
        (p.kind, p.source, p.target) for p in two
    ]
    assert {p.tasks for p in pathways} == {(task,)}


@pytest.mark.parametrize("variant", ["5b", "5c"])
def test_recruitment_follows_the_figure(variant: str) -> None:
    layout = recruitment.layout(variant)
    assert layout.tasks == ("fashion", "mnist")
    assert described(layout, "fashion") == TASK1 | (BORROWED if variant == "5c" else set())
    assert described(layout, "mnist") == TASK2
    assert {p.weights for p in layout.open(kind="inference")} == {Normal(0.1)}
    assert {p.weights for p in layout.open(kind="error")} == {Normal(0.5)}
    assert {o.bias for o in layout.outputs} == {Zeros()}
    assert {a.bias for a in layout.areas} == {None}
    assert [b.name for b in layout.areas[0].block_list] == ["b1", "b2", "b3", "b4", "b5", "b6"]


def test_recruitment_has_two_variants() -> None:
    with pytest.raises(LayoutError, match=r"^recruitment\.variant: must be one of \('5b', '5c'\) \(got '5a'\)$"):
        recruitment.layout("5a")


def test_messages_point_into_the_model() -> None:
    declared = {p.declared.partition(":")[0] for p in recruitment.layout("5c").pathways}
    assert declared == {"recruitment.py"}
    assert len({p.declared for p in recruitment.layout("5c").pathways}) == 13


def test_cortical_area_is_a_hierarchy_of_excitatory_and_inhibitory_cells() -> None:
    layout = cortical_area.layout()
    plain = hierarchy(2)
    assert [(p.kind, p.source, p.target, p.plastic) for p in layout.pathways] == [
        (p.kind, p.source, p.target, p.plastic) for p in plain.pathways
    ]
    assert (layout.name, layout["image"].size, layout["choice"].size) == ("cortical_area", 784, 10)
    assert {(b.size, b.excitatory) for a in layout.areas for b in a.block_list} == {(256, 205)}
    assert {(a.dale, a.activation, a.recurrence) for a in layout.areas} == {
        (True, "sigmoid", Recurrence(bulk_radius=1.5, exact_balance=True))
    }
    weights = {p.name: p.weights for p in layout.pathways}
    assert weights["V1.SI -> V2.RI"] == weights["V2.SI -> choice"] == Uniform(2, scaled=True)
    assert (weights["V2.SE -> V1.RE"], weights["image -> V1.RI"]) == (Uniform(2), None)


@pytest.mark.parametrize("activation", ["hard_sigmoid", "relu"])
def test_weights_make_up_for_the_slope_of_an_activation(activation: str) -> None:
    """With slope 1 they are those of the published network; what is given stays."""
    layout = hierarchy(2, 6, 3, 5, dale=True, activation=activation)
    assert {(a.activation, a.recurrence) for a in layout.areas} == {
        (activation, Recurrence(bulk_radius=0.75, exact_balance=True))
    }
    weights = {p.name: p.weights for p in layout.pathways}
    assert (weights["V1.SI -> V2.RI"], weights["V2.SE -> V1.RE"]) == (Uniform(1, scaled=True), Uniform(1))
    given = hierarchy(2, 6, 3, 5, dale=True, activation=activation, weights=Uniform(0.5), recurrence=None)
    assert {a.recurrence for a in given.areas} == {None}
    assert [p.weights for p in given.pathways if p.name == "V1.SI -> V2.RI"] == [Uniform(0.5)]


def test_cortical_area_is_the_short_form() -> None:
    expected = hierarchy(2, 6, 3, 5, frames=3, dale=True, name="cortical_area")
    assert cortical_area.layout(6, 3, 5, frames=3) == expected
    assert expected.inputs[0].frames == 3


def test_cortical_area_names_its_references() -> None:
    for reference in ("10.7554/eLife.108237", "10.1038/nrn1519", "10.1126/science.274.5293.1724"):
        assert reference in str(cortical_area.__doc__)
