"""When which area settles: windows of both phases, no product that is known to be zero, no idle tick."""

from __future__ import annotations

from math import inf, nan

import pytest

from models import recruitment, reuse
from neuroap.errors import LayoutError, SettingError
from neuroap.layout import Area, Input, Layout, Output, Uniform, error, hierarchy, inference
from neuroap.rules import AdjointPropagation
from neuroap.timeline import Timeline, Window, ticks_per_tau, timeline

STE, EPE = AdjointPropagation(), AdjointPropagation(error="EPE")


def spans(windows: dict[str, Window]) -> dict[str, tuple[int, int]]:
    """Start and stop by node, in order."""
    return {name: (w.start, w.stop) for name, w in windows.items()}


def products(line: Timeline, layout: Layout) -> int:
    """Recurrent products of a whole cycle."""
    recurrent = {a.name for a in layout.areas if a.recurrence is not None}
    both = [*line.inference.items(), *line.learning.items()]
    return sum(len(w.recurrent_ticks) for name, w in both if name in recurrent)


def assert_without_gaps(line: Timeline) -> None:
    """One node after the other, from tick 0 to the tick in which weights change."""
    windows = [*line.inference.values(), *line.learning.values()]
    assert [t for w in windows for t in w.ticks] == list(range(line.length - 1))
    assert max(w.stop for w in line.inference.values()) == line.inference_length


def test_areas_settle_upwards_then_downwards() -> None:
    """Two areas, 8-8: inference of V1, V2 and the output, errors of V2, then V1, then the weights."""
    line = timeline(hierarchy(2), STE)
    assert spans(line.inference) == {"V1": (0, 8), "V2": (8, 16), "choice": (16, 17)}
    assert spans(line.learning) == {"V2": (17, 25), "V1": (25, 33)}
    assert (line.inference_length, line.length, line.concurrent) == (17, 34, False)
    assert_without_gaps(line)


@pytest.mark.parametrize(("rule", "expected"), [(STE, 28), (EPE, 30)])
def test_no_product_of_zero_rates(rule: AdjointPropagation, expected: int) -> None:
    """From rest the first product is zero: 4 x 7 in STE; in EPE the learning phase does not start from rest."""
    assert products(timeline(hierarchy(2), rule), hierarchy(2)) == expected


@pytest.mark.parametrize("activation", ["tanh", "identity", "relu", "sigmoid"])
def test_silent_starts_depend_on_the_rate_at_rest(activation: str) -> None:
    """A sigmoid area has rates 0.5 at rest, whose product counts."""
    layout = hierarchy(2, activation=activation)
    assert products(timeline(layout, STE), layout) == (32 if activation == "sigmoid" else 28)


def test_own_equations_have_no_silent_start() -> None:
    """What their rates are at rest is not known."""
    areas = [Area("V1", 3, equations="du/dt = (-u + I_rec + I_inf - beta*I_err)/tau : 1\nr = tanh(u + 1) : 1")]
    paths = [inference("x", "V1.RI"), inference("V1.SI", "y"), error("y", "V1.RE")]
    layout = Layout(Input("x", 2), *areas, Output("y", 2), *paths)
    assert products(timeline(layout, STE), layout) == 16


@pytest.mark.parametrize("n", [1, 3, 10])
def test_a_deep_hierarchy_has_no_idle_tick(n: int) -> None:
    """Unequal phases, any depth; errors come down in the opposite order."""
    line = timeline(hierarchy(n), AdjointPropagation(steps=(5, 3)))
    names = [f"V{k + 1}" for k in range(n)]
    assert list(line.inference) == [*names, "choice"]
    assert list(line.learning) == names[::-1]
    assert line.length == n * (5 + 3) + 2
    assert_without_gaps(line)


# -- figure 5 ------------------------------------------------------------------------------------------


def test_resting_areas_are_perturbed_without_an_inference_window() -> None:
    """5b, task 1: areas 3 and 4 rest at zero, then settle from rest under the error, in EPE too."""
    layout = recruitment.layout("5b")
    line = timeline(layout, EPE, ["fashion"])
    assert spans(line.inference) == {"A1": (0, 8), "A2": (8, 16), "y1": (16, 17)}
    assert list(line.learning) == ["A2", "A4", "A3", "A1"]
    assert {n: w.from_rest for n, w in line.learning.items()} == {"A2": False, "A4": True, "A3": True, "A1": False}
    assert products(line, layout) == 2 * 7 + 2 * 8 + 2 * 7
    assert_without_gaps(line)


def test_tasks_run_together_in_one_cycle() -> None:
    """5b simultaneous: each area settles once in each phase, area 4 before area 3 before area 1."""
    line = timeline(recruitment.layout("5b"), EPE)
    assert list(line.inference) == ["A1", "A3", "A2", "A4", "y1", "y2"]
    assert list(line.learning) == ["A2", "A4", "A3", "A1"]
    assert line.length == 4 * 8 + 2 + 4 * 8 + 1
    assert_without_gaps(line)


def test_a_silent_source_has_no_window() -> None:
    """5c, task 1 alone: area 4 drives the output but is driven by nothing, so it stays at zero."""
    line = timeline(recruitment.layout("5c"), EPE, ["fashion"])
    assert spans(line.inference) == {"A1": (0, 8), "A2": (8, 16), "A3": (16, 24), "y1": (24, 25)}
    assert line.learning["A4"].from_rest
    assert line.learning["A4"].silent_start


def test_tasks_of_figure_5a_use_the_same_areas() -> None:
    """Their windows are the same, whichever task runs."""
    first, second = (timeline(reuse.layout(), STE, [task]) for task in ("mnist", "fashion"))
    assert list(first.inference) == ["V1", "V2", "y1"]
    assert list(second.inference) == ["V1", "V2", "y2"]
    assert first.learning == second.learning


# -- areas at rest -------------------------------------------------------------------------------------


def with_resting(**settings: object) -> Layout:
    """V2 gets an error but no stimulus."""
    return Layout(
        Input("x", 4),
        Area("V1", 3),
        Area("V2", 3, **settings),  # type: ignore[arg-type]
        Output("y", 3),
        inference("x", "V1.RI"),
        inference("V1.SI", "y"),
        error("y", "V2.RE"),
        error("V2.SE", "V1.RE"),
    )


@pytest.mark.parametrize(
    ("settings", "rule", "has_window"),
    [
        ({}, STE, False),
        ({"activation": "relu"}, STE, False),
        ({"activation": "sigmoid"}, STE, True),
        ({"bias": Uniform(0.1)}, STE, True),
        ({}, AdjointPropagation(bias_plasticity=True), True),
        ({"equations": "r = tanh(I_rec + I_err) : 1"}, STE, True),
    ],
)
def test_an_area_at_rest_settles_if_it_may_have_rates(
    settings: dict[str, object], rule: AdjointPropagation, has_window: bool
) -> None:
    """Without drive, zero rates stay zero unless a bias, f(0) or its own equations say otherwise."""
    line = timeline(with_resting(**settings), rule)
    assert ("V2" in line.inference) == has_window
    assert list(line.learning) == ["V2", "V1"]
    assert_without_gaps(line)


def test_an_area_without_error_has_no_learning_window() -> None:
    """It keeps the rates of inference."""
    parts = [p for p in hierarchy(2).pathways if p.target != "V1.RE"]
    layout = Layout(*hierarchy(2).nodes, *parts)
    line = timeline(layout, STE)
    assert list(line.inference) == ["V1", "V2", "choice"]
    assert list(line.learning) == ["V2"]


# -- concurrent schedule, integration steps ------------------------------------------------------------


def test_concurrent_windows_of_a_phase_coincide() -> None:
    """All areas are live in every tick of both phases."""
    line = timeline(hierarchy(3), AdjointPropagation(steps=(6, 4), schedule="concurrent"))
    assert spans(line.inference) == dict.fromkeys(["V1", "V2", "V3", "choice"], (0, 6))
    assert spans(line.learning) == dict.fromkeys(["V3", "V2", "V1"], (6, 10))
    assert (line.inference_length, line.length, line.concurrent) == (6, 11, True)


def test_smaller_steps_take_more_ticks() -> None:
    """Phases last as long in time constants; each area counts its own."""
    layout = Layout(
        *(Input("x", 2), Area("fast", 2, tau_ms=5), Area("slow", 2, tau_ms=20), Output("y", 2)),
        *(inference("x", "fast.RI"), inference("fast.SI", "slow.RI"), inference("slow.SI", "y")),
        *(error("y", "slow.RE"), error("slow.SE", "fast.RE")),
    )
    rule = AdjointPropagation(steps=(2, 1))
    line = timeline(layout, rule, dt_ms=2.5)
    assert spans(line.inference) == {"fast": (0, 4), "slow": (4, 20), "y": (20, 21)}
    assert spans(line.learning) == {"slow": (21, 29), "fast": (29, 31)}
    assert spans(timeline(layout, rule).inference) == {"fast": (0, 2), "slow": (2, 4), "y": (4, 5)}
    concurrent = timeline(layout, AdjointPropagation(steps=(2, 1), schedule="concurrent"), dt_ms=2.5)
    assert set(spans(concurrent.inference).values()) == {(0, 16)}


def test_rounding_of_the_step_is_forgiven() -> None:
    """10 ms are 100 steps of 0.1 ms, though not in binary numbers."""
    assert ticks_per_tau(Area("V1", 2), 0.1) == 100
    assert ticks_per_tau(Area("V1", 2), 10 / 3) == 3
    assert ticks_per_tau(Area("V1", 2), None) == 1


@pytest.mark.parametrize("dt_ms", [3.0, 0.0, -1.0, 20.0, 4.999, inf, nan])
def test_a_step_that_does_not_divide_tau_is_refused(dt_ms: float) -> None:
    """The message names the area and a step that would do."""
    with pytest.raises(SettingError, match=r"^dt_ms: tau of 'V1'") as caught:
        timeline(hierarchy(1), STE, dt_ms=dt_ms)
    assert str(caught.value).splitlines() == [
        f"dt_ms: tau of 'V1' (10 ms) must be a multiple of it (got {dt_ms!r})",
        "  for example dt_ms=1; with several time constants a step that divides all of them",
    ]


def test_unknown_tasks_are_refused() -> None:
    """With a suggestion."""
    with pytest.raises(LayoutError, match=r"^Layout.tasks: no such task \(got 'fashon'\)\n  did you mean 'fashion'\?"):
        timeline(recruitment.layout("5b"), STE, ["fashon"])


def test_tasks_that_form_a_cycle_together_are_refused() -> None:
    """Each alone is fine: one uses A before B, the other B before A."""
    layout = Layout(
        *(Input("x", 2), Area("A", 2), Area("B", 2), Output("y", 2), Output("z", 2)),
        *(inference("x", "A.RI", tasks="one"), inference("A.SI", "B.RI", tasks="one")),
        *(inference("B.SI", "y", tasks="one"), inference("x", "B.RE", tasks="two")),
        *(inference("B.SE", "A.RE", tasks="two"), inference("A.SE", "z", tasks="two")),
    )
    assert list(timeline(layout, STE, ["one"]).inference) == ["A", "B", "y"]
    assert list(timeline(layout, STE, ["two"]).inference) == ["B", "A", "z"]
    with pytest.raises(LayoutError, match="inference pathways must not form a cycle"):
        timeline(layout, STE)
