"""Initial weights: scales, densities, and that no array depends on another."""

import numpy as np
import pytest
from layout.examples import EXAMPLES

from neuroap import (
    Area,
    Constant,
    CorticalClassifier,
    Input,
    Layout,
    Normal,
    Output,
    Recurrence,
    Uniform,
    Zeros,
    error,
    hierarchy,
    inference,
)
from neuroap.errors import LayoutError
from neuroap.names import bias_name, recurrence_name
from neuroap.seeds import generator
from neuroap.weights import draw_recurrence, draw_weights

BIG = hierarchy(2, 400, 25, 100)


@pytest.fixture(scope="module")
def weights() -> dict[str, np.ndarray]:
    return draw_weights(BIG, 0)


def radius(matrix: np.ndarray) -> float:
    return float(np.abs(np.linalg.eigvals(matrix)).max())


@pytest.mark.parametrize("layout", EXAMPLES.values(), ids=EXAMPLES)
def test_every_array_has_its_name_and_shape(layout: Layout) -> None:
    expected = {p.name: (layout.site(p.source).size, layout.site(p.target).size) for p in layout.pathways}
    expected |= {f"{a.name}.recurrence": (a.size, a.size) for a in layout.areas if a.recurrence}
    expected |= {f"{n.name}.bias": (1, n.size) for n in (*layout.areas, *layout.outputs)}
    drawn = draw_weights(layout, 1)
    assert {name: w.shape for name, w in drawn.items()} == expected
    assert {w.dtype for w in drawn.values()} == {np.dtype(float)}
    assert all(np.isfinite(w).all() for w in drawn.values())


def test_names_of_arrays_that_belong_to_nodes(weights: dict[str, np.ndarray]) -> None:
    assert recurrence_name("V1") == "V1.recurrence"
    assert bias_name("choice") == "choice.bias"
    assert {"V1.recurrence", "V1.bias", "choice.bias"} <= set(weights)


# spec.md, section 5: half the width of the interval.
@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("image -> V1.RI", 400**-0.5),
        ("V1.SI -> V2.RI", 100**-0.5),
        ("V2.SI -> choice", 100**-0.5),
        ("V2.SE -> V1.RE", 1),
        ("choice -> V2.RE", 25**-0.5),
    ],
)
def test_pathways_are_uniform(weights: dict[str, np.ndarray], name: str, limit: float) -> None:
    w = weights[name]
    assert 0.99 * limit < w.max() <= limit
    assert -0.99 * limit > w.min() >= -limit
    assert w.std() == pytest.approx(limit / np.sqrt(3), rel=0.05)
    assert abs(w.mean()) < 5 * limit / np.sqrt(3 * w.size)


def test_bias_of_the_output_is_scaled_by_the_block_that_drives_it() -> None:
    layout = hierarchy(1, 6, 5000, {"RI": 3, "SI": 16, "RE": 2, "SE": 1})
    bias = draw_weights(layout, 0)["choice.bias"]
    assert 0.24 < np.abs(bias).max() <= 0.25
    # Two pathways drive this one: the larger block counts.
    both = Layout(*layout.nodes, *layout.pathways, inference("image", "choice"))
    assert draw_weights(both, 0)["choice.bias"].tobytes() == bias.tobytes()


def test_bias_of_areas_is_zero_unless_declared(weights: dict[str, np.ndarray]) -> None:
    assert not weights["V1.bias"].any()
    bias = draw_weights(hierarchy(1, 6, 3, 1000, bias=Uniform(0.5), recurrence=None), 0)["V1.bias"]
    assert 0.49 < np.abs(bias).max() <= 0.5


def test_a_constant_bias_is_a_spontaneous_rate() -> None:
    """Every neuron of areas and outputs has it; without stimulus and recurrence rates settle at f(bias)."""
    layout = hierarchy(1, 6, 3, 4, bias=Constant(0.25), recurrence=None, activation="relu")
    layout = Layout(*layout.inputs, *layout.areas, Output("choice", 3, bias=Constant(-1)), *layout.pathways)
    weights = draw_weights(layout, 0)
    assert (weights["V1.bias"] == 0.25).all()
    assert (weights["choice.bias"] == -1).all()
    assert Layout.from_toml(layout.to_toml()) == layout
    model = CorticalClassifier(layout, epochs=1, progress=False).fit(np.zeros((3, 6)), [0, 1, 2])
    np.testing.assert_array_equal(model.record(np.zeros((1, 6)))["rate"].isel(step=-1), 0.25)


@pytest.mark.parametrize(
    ("declared", "sd", "largest"),
    [
        (Normal(0.1), 0.1, 0.6),
        (Normal(0.5), 0.5, 3),
        (Uniform(0.3), 0.3 / np.sqrt(3), 0.3),
        (Uniform(2, scaled=True), 2 / np.sqrt(3 * 64), 2 / 8),
        (Zeros(), 0, 0),
    ],
)
def test_declared_weights(declared: Uniform | Normal | Zeros, sd: float, largest: float) -> None:
    layout = Layout(
        Input("x", 64),
        Area("A", 100, recurrence=None),
        Output("y", 100, bias=declared),
        inference("x", "A.RI", weights=declared),
        inference("A.SI", "y"),
        error("y", "A.RE", weights=declared),
    )
    w = draw_weights(layout, 3)
    assert w["x -> A.RI"].std() == pytest.approx(sd, rel=0.03)
    assert np.abs(w["x -> A.RI"]).max() <= largest
    assert w["y.bias"].any() == (sd > 0)


@pytest.mark.parametrize("placement", ["distinct", "with-replacement"])
@pytest.mark.parametrize("rate", [0.02, 0.25, 1])
@pytest.mark.parametrize("spectral_radius", [0.25, 1.5])
def test_spectral_radius_is_exact(spectral_radius: float, rate: float, placement: str) -> None:
    w = draw_recurrence(Recurrence(spectral_radius, rate, placement), 256, generator(1, "test"))
    assert w.shape == (256, 256)
    assert radius(w) == pytest.approx(spectral_radius, abs=1e-6)


@pytest.mark.parametrize("rate", [0.05, 0.25, 0.5, 1])
def test_connection_rate_is_the_density_of_distinct_places(rate: float) -> None:
    w = draw_recurrence(Recurrence(connection_rate=rate), 100, generator(1, "test"))
    assert np.count_nonzero(w) == round(rate * 100 * 100)


@pytest.mark.parametrize(("rate", "density"), [(0.25, 0.221), (0.5, 0.393), (1, 0.632)])
def test_places_drawn_with_replacement_are_fewer(rate: float, density: float) -> None:
    w = draw_recurrence(Recurrence(1, rate, "with-replacement"), 256, generator(1, "test"))
    assert np.count_nonzero(w) / w.size == pytest.approx(density, abs=0.005)


def test_values_that_meet_in_one_place_are_added() -> None:
    n, rate = 12, 0.9
    w = draw_recurrence(Recurrence(0.7, rate, "with-replacement"), n, generator(1, "test"))
    rng = generator(1, "test")
    places = rng.integers(n * n, size=int(n * n * rate))
    plain = [[0.0] * n for _ in range(n)]
    for place, value in zip(places, rng.uniform(-1, 1, len(places)), strict=True):
        plain[place // n][place % n] += value
    assert len(set(places)) < len(places)
    assert w == pytest.approx(np.array(plain) * 0.7 / radius(np.array(plain)), rel=1e-12)


def test_values_of_the_recurrence_are_uniform() -> None:
    w = draw_recurrence(Recurrence(connection_rate=0.5), 256, generator(1, "test"))
    values = w[w != 0]
    limit = np.abs(values).max()
    assert np.histogram(values, 4, (-limit, limit))[0] == pytest.approx(values.size / 4, rel=0.03)


def test_places_of_the_recurrence_are_spread_evenly() -> None:
    filled = draw_recurrence(Recurrence(connection_rate=0.25), 256, generator(1, "test")) != 0
    sd = np.sqrt(256 * 0.25 * 0.75)
    for axis in (0, 1):
        assert np.abs(filled.sum(axis) - 64).max() < 5 * sd


@pytest.mark.parametrize(("n", "rate"), [(2, 0.1), (50, 0.005)])
def test_too_few_connections_to_scale(n: int, rate: float) -> None:
    said = rf"^Recurrence: the connections drawn among {n} neurons form no loop, nothing to scale \(got Recurrence\("
    with pytest.raises(LayoutError, match=said):
        draw_recurrence(Recurrence(connection_rate=rate), n, generator(2, "test"))


def test_an_area_may_have_no_recurrence() -> None:
    drawn = draw_weights(hierarchy(1, 6, 3, 2, recurrence=None), 0)
    assert not any("recurrence" in name for name in drawn)


@pytest.mark.parametrize("name", ["two_area", "recruitment 5c", "settings"])
def test_same_seed_same_bits(name: str) -> None:
    first, again, other = (draw_weights(EXAMPLES[name], seed) for seed in (5, 5, 6))
    for key, w in first.items():
        assert w.tobytes() == again[key].tobytes()
        assert not w.any() or w.tobytes() != other[key].tobytes()


def test_the_bits_never_change() -> None:
    drawn = draw_weights(hierarchy(1, 6, 3, 2), 0)
    assert drawn["image -> V1.RI"][0].tolist() == [0.21246260449915627, -0.21596404499284672]


def test_adding_an_area_changes_no_other_weights() -> None:
    two, three = draw_weights(hierarchy(2, 6, 3, 2), 0), draw_weights(hierarchy(3, 6, 3, 2), 0)
    shared = set(two) & set(three)
    assert set(two) - shared == {"V2.SI -> choice", "choice -> V2.RE"}
    for name in shared:
        assert two[name].tobytes() == three[name].tobytes()


def test_weights_do_not_depend_on_the_order_of_declaration() -> None:
    layout = EXAMPLES["skip"]
    turned = Layout(*layout.pathways[::-1], *layout.nodes[::-1], name="turned")
    first, again = draw_weights(layout, 0), draw_weights(turned, 0)
    assert set(first) == set(again)
    for name, w in first.items():
        assert w.tobytes() == again[name].tobytes()


def test_arrays_of_one_seed_are_independent() -> None:
    drawn = draw_weights(hierarchy(3, 6, 3, 40), 0)
    between = [drawn[n].ravel() for n in ("V1.SI -> V2.RI", "V2.SI -> V3.RI", "V2.SE -> V1.RE", "V3.SE -> V2.RE")]
    correlations = np.corrcoef(between)[np.triu_indices(4, 1)]
    assert np.abs(correlations).max() < 5 / np.sqrt(1600)
