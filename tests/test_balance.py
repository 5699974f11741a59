"""Signed weights: Dale's law in what is drawn, the balance of excitation and inhibition, outliers and the bulk."""

from __future__ import annotations

import inspect
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from neuroap import Area, Layout, Normal, Recurrence, Uniform, Zeros, error, hierarchy, inference
from neuroap.errors import DataError, LayoutError
from neuroap.seeds import generator
from neuroap.weights import (
    bulk_radius,
    cell_signs,
    draw_recurrence,
    draw_weights,
    fresh_state,
    outlier,
    silenced,
    source_signs,
)

Array = np.ndarray
N = 400
BALANCED = Recurrence(bulk_radius=1.5, exact_balance=True)
TWO = hierarchy(2, 6, 3, 50, activation="relu", excitatory=0.8, recurrence=None)


def signs(excitatory: float, n: int = N) -> Array:
    """The first cells are excitatory."""
    return np.where(np.arange(n) < round(excitatory * n), 1.0, -1.0)


def drawn(recurrence: Recurrence, cells: Array, seed: int = 0) -> Array:
    return draw_recurrence(recurrence, len(cells), generator(seed, "test"), cells)


@cache
def eigenvalues(recurrence: Recurrence, excitatory: float) -> Array:
    """Of a matrix of 400 neurons, by falling modulus."""
    found = np.linalg.eigvals(drawn(recurrence, signs(excitatory)))
    return found[np.argsort(-np.abs(found))]


def under_the_law(layout: Layout) -> Layout:
    """The same layout, its areas under Dale's law."""
    areas = [replace(a, dale=True) for a in layout.areas]
    return Layout(*layout.inputs, *areas, *layout.outputs, *layout.pathways, name=layout.name)


# -- weights of pathways


@pytest.mark.parametrize("initial", [Uniform(), Uniform(2, scaled=True), Normal(0.3)])
@pytest.mark.parametrize("source", ["V1.SI", "V1.SI.E", "V1.SI.I", "V1.all"])
def test_pathways_take_the_signs_of_their_source(source: str, initial: Uniform | Normal) -> None:
    """Absolute values of what is drawn without the law; inhibition n_E / n_I times stronger; the same rms."""
    free = Layout(*TWO.nodes, *TWO.pathways, inference(source, "V2.SI", weights=initial, name="new"))
    v, w = (draw_weights(each, 3)["new"] for each in (free, under_the_law(free)))
    cells = source_signs(under_the_law(free), "new")
    assert cells is not None
    assert np.array_equal(np.sign(w), np.broadcast_to(cells[:, None], w.shape))
    assert np.sqrt(np.mean(w**2)) == pytest.approx(np.sqrt(np.mean(v**2)), rel=1e-12)
    ratios = np.abs(w / v)
    for sign in {*cells}:
        assert np.ptp(ratios[cells == sign]) < 1e-12
    if set(cells) == {1, -1}:
        n_e, n_i = (cells > 0).sum(), (cells < 0).sum()
        assert ratios[cells < 0].mean() / ratios[cells > 0].mean() == pytest.approx(n_e / n_i)
        drive = w.sum(axis=0)  # all cells have the same rate
        assert np.abs(drive.mean()) < 4 * drive.std() / np.sqrt(drive.size)


def test_pathways_from_inputs_outputs_and_free_areas_keep_what_is_drawn() -> None:
    v, w = draw_weights(TWO, 0), draw_weights(under_the_law(TWO), 0)
    changed = {name for name in v if not np.array_equal(v[name], w[name])}
    assert changed == {"V1.SI -> V2.RI", "V2.SI -> choice", "V2.SE -> V1.RE"}


def test_weights_that_are_zero_stay_zero() -> None:
    layout = Layout(*TWO.nodes, *TWO.pathways, error("V2.SE", "V1.SE", weights=Zeros()))
    assert not draw_weights(under_the_law(layout), 0)["V2.SE -> V1.SE"].any()


@pytest.mark.parametrize("recurrence", [Recurrence(0.9), Recurrence(1.2, 0.5, "with-replacement")])
def test_labels_change_no_weight(recurrence: Recurrence) -> None:
    plain = hierarchy(2, 6, 3, 5, recurrence=recurrence)
    areas = [replace(a, blocks={b.name: {"E": 4, "I": 1} for b in a.block_list}) for a in plain.areas]
    labelled = Layout(*plain.inputs, *areas, *plain.outputs, *plain.pathways)
    assert cell_signs(labelled.areas[0]).any()
    first, again = draw_weights(plain, 7), draw_weights(labelled, 7)
    assert {n: w.tobytes() for n, w in first.items()} == {n: w.tobytes() for n, w in again.items()}


def test_the_same_seed_gives_the_same_bits() -> None:
    layout = hierarchy(2, 6, 3, 10, activation="sigmoid", excitatory=0.8, dale=True, recurrence=BALANCED)
    first, again, other = (draw_weights(layout, seed) for seed in (5, 5, 6))
    for name, w in first.items():
        assert w.tobytes() == again[name].tobytes()
        assert not w.any() or w.tobytes() != other[name].tobytes()


def test_a_lesion_silences_rows_and_changes_no_other_weight() -> None:
    """Inhibition was balanced by the cells that are gone: a lesion unbalances the others."""
    layout = hierarchy(2, 6, 3, 10, activation="sigmoid", excitatory=0.8, dale=True, recurrence=BALANCED)
    whole, cut = draw_weights(layout, 5), draw_weights(layout.lesion("V1.SI.I"), 5)
    for name, w in whole.items():
        gone = {"V1.SI -> V2.RI": slice(8, 10), "V1.recurrence": slice(18, 20)}.get(name, slice(0))
        assert not cut[name][gone].any()
        assert np.array_equal(np.delete(cut[name], gone, 0), np.delete(w, gone, 0)), name
        assert np.array_equal(silenced(layout, name, w), w)


# -- recurrent weights: signs and places


@pytest.mark.parametrize(
    "recurrence",
    [
        Recurrence(0.9),
        Recurrence(0.9, exact_balance=True),
        Recurrence(connection_rate=1, balance=0.7),
        Recurrence(0.9, 0.5, "with-replacement"),
        Recurrence(bulk_radius=1.5, outlier=-1, exact_balance=True),
    ],
)
def test_recurrent_weights_have_the_signs_and_the_places(recurrence: Recurrence) -> None:
    cells = signs(0.8, 100)
    w = drawn(recurrence, cells)
    assert (w * cells[:, None] >= 0).all()
    free = replace(recurrence, bulk_radius=None, spectral_radius=1, balance=None, outlier=None, exact_balance=False)
    assert np.array_equal(w != 0, draw_recurrence(free, 100, generator(0, "test")) != 0)


def test_without_exact_balance_inhibition_is_one_factor() -> None:
    """|w| of E and of I cells have the same distribution but for g = E / I, the ratio of all excitation."""
    cells = signs(0.8)
    w = drawn(Recurrence(0.9, balance=1), cells)
    size = [np.abs(w[cells == s])[w[cells == s] != 0] for s in (1, -1)]
    assert size[1].max() / size[0].max() == pytest.approx(4, rel=0.05)
    assert w.sum() == pytest.approx(0, abs=1e-10)
    half = drawn(Recurrence(0.9, balance=0.5), cells)
    assert -half[cells < 0].sum() / half[cells > 0].sum() == pytest.approx(0.5, rel=1e-12)
    assert not drawn(Recurrence(0.9, balance=0), cells)[cells < 0].any()


# -- exact balance


@pytest.mark.parametrize("balance", [1, 0.8, 1.3])
def test_exact_balance_holds_for_every_neuron(balance: float) -> None:
    cells = signs(0.8)
    w = drawn(Recurrence(bulk_radius=1.5, balance=balance, exact_balance=True), cells)
    excitation, inhibition = w[cells > 0].sum(axis=0), -w[cells < 0].sum(axis=0)
    np.testing.assert_allclose(inhibition, balance * excitation, rtol=1e-12)
    loose = drawn(Recurrence(bulk_radius=1.5, balance=balance), cells)
    assert loose.sum(axis=0).std() > 0.1  # where each neuron keeps a drive of its own


@pytest.mark.parametrize("target", [-3.0, 0.0, 2.5])
def test_an_exact_outlier_is_the_sum_of_the_inputs_of_every_neuron_and_an_eigenvalue(target: float) -> None:
    cells = signs(0.8)
    recurrence = Recurrence(bulk_radius=1.5, outlier=target, exact_balance=True)
    w = drawn(recurrence, cells)
    np.testing.assert_allclose(w.sum(axis=0), target, rtol=0, atol=1e-12)
    assert np.abs(eigenvalues(recurrence, 0.8) - target).min() < 1e-9
    assert bulk_radius(w, cells) == pytest.approx(1.5, rel=1e-12)
    assert outlier(w) == pytest.approx(target, abs=1e-12)


def test_a_neuron_without_inhibitory_inputs_keeps_its_excitation() -> None:
    cells = signs(0.8, 20)
    w = drawn(Recurrence(0.9, 0.2, exact_balance=True), cells)
    without = ~w[cells < 0].any(axis=0)
    assert 0 < without.sum() < 20
    np.testing.assert_allclose(w.sum(axis=0)[~without], 0, atol=1e-12)
    assert w.sum(axis=0)[without].max() > 0.1


# -- outliers on average


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("excitatory", [0.5, 0.8])
@pytest.mark.parametrize("target", [-4.0, 0.0, 1e-3, 4.0])
def test_an_outlier_is_reached_at_the_radius_that_is_wanted(target: float, excitatory: float, exact: bool) -> None:
    cells = signs(excitatory, 200)
    w = drawn(Recurrence(connection_rate=0.5, bulk_radius=0.9, outlier=target, exact_balance=exact), cells)
    assert outlier(w) == pytest.approx(target, abs=1e-11)
    assert bulk_radius(w, cells) == pytest.approx(0.9, rel=1e-12)
    assert (w * cells[:, None] >= 0).all()


@pytest.mark.parametrize(("target", "excitatory"), [(-3.0, 0.8), (4.0, 0.8), (-3.0, 0.5)])
def test_on_average_an_eigenvalue_lies_near_the_outlier(target: float, excitatory: float) -> None:
    recurrence = Recurrence(bulk_radius=1.5, outlier=target)
    modes = eigenvalues(recurrence, excitatory)
    assert modes[0].imag == 0
    assert modes[0].real == pytest.approx(target, rel=0.1)
    assert np.abs(modes[1]) < 1.15 * 1.5


def test_on_average_the_outlier_is_that_of_the_mean_alone() -> None:
    """As documented: eigenvalues are scattered about it, and exact balance is the remedy."""
    cells = signs(0.8, 256)

    def largest(seed: int, exact: bool) -> float:
        w = drawn(Recurrence(bulk_radius=1.5, outlier=2, exact_balance=exact), cells, seed)
        assert outlier(w) == pytest.approx(2, abs=1e-11)
        modes = np.linalg.eigvals(w)
        return float(modes[np.abs(modes.imag) < 1e-9].real.max())

    scattered = [largest(seed, exact=False) for seed in range(8)]
    assert max(abs(found - 2) for found in scattered) > 0.3
    assert abs(np.mean(scattered) - 2) < 0.3
    assert [largest(seed, exact=True) for seed in range(2)] == pytest.approx([2, 2], abs=1e-9)
    said = " ".join(str(Recurrence.__doc__).split())
    assert "It is an eigenvalue with ``exact_balance=True``. Otherwise it is that of the mean" in said


@pytest.mark.parametrize(
    ("recurrence", "rule"),
    [
        (Recurrence(bulk_radius=1, outlier=-9), r"Recurrence\.outlier: inhibition widens the bulk too"),
        (Recurrence(bulk_radius=1, outlier=9), r"Recurrence\.outlier: without inhibition the outlier is at most"),
        (Recurrence(connection_rate=1e-4), "Recurrence: the connections drawn among 40 neurons form no loop"),
    ],
)
def test_a_recurrence_that_cannot_be_drawn_names_its_area_and_the_line(recurrence: Recurrence, rule: str) -> None:
    first, _ = hierarchy(2, 6, 3, 10, dale=True).areas
    line = inspect.currentframe().f_lineno + 1  # type: ignore[union-attr]
    bad = Area("V2", 10, activation="sigmoid", recurrence=recurrence, excitatory=0.8, dale=True)
    plain = hierarchy(2, 6, 3, 10, dale=True)
    layout = Layout(*plain.inputs, first, bad, *plain.outputs, *plain.pathways)
    with pytest.raises(LayoutError, match=rf"^Area 'V2' \(test_balance\.py:{line}\), {rule}"):
        draw_weights(layout, 0)


@pytest.mark.parametrize("exact", [False, True])
def test_the_limits_of_an_outlier_are_said_and_right(exact: bool) -> None:
    """Just within, the outlier is reached; just beyond, the message tells the limit."""
    cells = signs(0.8, 200)

    def at(target: float) -> Array:
        return drawn(Recurrence(bulk_radius=1.5, outlier=target, exact_balance=exact), cells)

    with pytest.raises(LayoutError, match=r"without inhibition the outlier is at most [\d.]+ at this bulk") as high:
        at(50)
    with pytest.raises(LayoutError, match=r"the outlier stays above -[\d.]+ at this radius \(got -50.0\)") as low:
        at(-50)
    for raised, word in ((high, "most"), (low, "above")):
        limit = float(str(raised.value).split(f"{word} ")[1].split()[0])
        assert outlier(at(0.98 * limit)) == pytest.approx(0.98 * limit, rel=1e-9)
        with pytest.raises(LayoutError, match=rf"Recurrence\.outlier: .*{word} {limit:.3g} "):
            at(1.02 * limit)


def test_too_few_connections_of_an_area_of_dale() -> None:
    with pytest.raises(LayoutError, match=r"connections drawn among 4 neurons form no loop, nothing to scale"):
        drawn(Recurrence(connection_rate=0.02), signs(0.5, 4))


# -- the bulk


@pytest.mark.parametrize("balance", [1.0, 0.9, 1.2])
@pytest.mark.parametrize("excitatory", [0.5, 0.8, 0.9])
def test_eigenvalues_fill_the_bulk(balance: float, excitatory: float) -> None:
    """But for the outlier 99% of them lie within 1.05 R; in the middle they are denser where one type is rare."""
    modes = np.abs(eigenvalues(replace(BALANCED, balance=balance), excitatory))
    mean = outlier(drawn(replace(BALANCED, balance=balance), signs(excitatory)))
    rest = np.delete(modes, np.abs(modes - abs(mean)).argmin()) if abs(mean) > 1.6 else modes
    assert np.quantile(rest, 0.99) < 1.05 * 1.5
    assert np.quantile(rest, 0.95) > (0.9 if excitatory == 0.5 else 0.7) * 1.5


@pytest.mark.parametrize("excitatory", [0.5, 0.8, 0.9])
def test_balance_on_average_lets_a_few_eigenvalues_out(excitatory: float) -> None:
    """One in fifty at most lies beyond 1.1 R: what exact balance prevents (Rajan & Abbott 2006)."""
    modes = np.abs(eigenvalues(Recurrence(bulk_radius=1.5), excitatory))
    assert np.quantile(modes, 0.98) < 1.1 * 1.5
    assert modes[0] > np.abs(eigenvalues(BALANCED, excitatory))[0]


def test_the_bulk_without_cell_types_is_a_disc_too() -> None:
    w = draw_recurrence(Recurrence(bulk_radius=1.5), N, generator(0, "test"))
    modes = np.abs(np.linalg.eigvals(w))
    assert bulk_radius(w) == pytest.approx(1.5, rel=1e-12)
    assert np.quantile(modes, 0.99) < 1.05 * 1.5
    assert np.quantile(modes, 0.95) > 0.9 * 1.5


def test_bulk_radius_of_a_small_matrix() -> None:
    """By hand: variances 1 of the excitatory cells, 4 of the inhibitory one; about 0 the mean square is 20 / 3."""
    w = np.array([[1.0, 3, 1], [3, 1, 3], [-1, -1, -1]])
    w[2] += [2 * np.sqrt(1.5), -2 * np.sqrt(1.5), 0]
    assert bulk_radius(w, [1, 1, -1]) == pytest.approx(np.sqrt(2 * 1 + 1 * 4))
    plain = np.array([[1.0, 3, 1], [3, 1, 3], [-1, -1, -1]])
    assert bulk_radius(plain) == pytest.approx(np.sqrt(33 / 3))
    assert outlier(plain) == pytest.approx(9 / 3)


@pytest.mark.parametrize(
    ("balance", "bulk", "mean"), [(1.0, 0.83, 0.0), (0.8, 0.74, 0.67), (0.5, 0.30, 0.90), (0.0, 0.105, 0.90)]
)
def test_a_spectral_radius_alone_leaves_a_small_bulk(balance: float, bulk: float, mean: float) -> None:
    """The trap: the largest eigenvalue is the outlier of an imbalance; the bulk, which carries signals, shrinks."""
    w = drawn(Recurrence(0.9, balance=balance), signs(0.8))
    assert np.abs(np.linalg.eigvals(w)).max() == pytest.approx(0.9, rel=1e-6)
    assert bulk_radius(w, signs(0.8)) == pytest.approx(bulk, abs=0.02)
    assert outlier(w) == pytest.approx(mean, abs=0.02)
    wide = drawn(Recurrence(bulk_radius=0.9, balance=balance), signs(0.8))
    np.testing.assert_allclose(wide, w * 0.9 / bulk_radius(w, signs(0.8)), rtol=1e-12)  # the way out


def test_weights_must_be_square_and_have_a_sign_per_neuron() -> None:
    for wrong in ([1, -1], np.ones((4, 1)), np.ones(5)):
        with pytest.raises(DataError, match=r"bulk_radius\.signs: must be 4 numbers, one per neuron \(got \([\d, ]+\)"):
            bulk_radius(np.eye(4), wrong)
    for function in (bulk_radius, outlier):
        with pytest.raises(DataError, match=rf"{function.__name__}\.weights: must be a square matrix \(got \(4, 3\)"):
            function(np.ones((4, 3)))


# -- what a network keeps beside its weights


def test_fresh_state_says_what_learns_and_how() -> None:
    layout = hierarchy(2, 6, 3, 10, activation="sigmoid", excitatory=0.8, dale=True, recurrence=BALANCED)
    layout = layout.lesion("V1.SI.I")
    weights = draw_weights(layout, 0)
    name, w = "V1.SI -> V2.RI", weights["V1.SI -> V2.RI"]
    cells = np.array([1.0] * 8 + [-1] * 2)
    polarity = fresh_state(layout, name, "polarity", w)
    assert np.array_equal(polarity, np.broadcast_to(cells[:, None], w.shape))
    relative = fresh_state(layout, name, "relative", w)
    np.testing.assert_allclose(relative, polarity / np.sqrt(np.mean(w[:8] ** 2)), rtol=1e-12)  # of living cells
    assert np.array_equal(fresh_state(layout, name, "mask", w), (cells > 0)[:, None] & np.ones(w.shape, bool))
    places = fresh_state(layout, "V1.recurrence", "mask", weights["V1.recurrence"])
    assert np.array_equal(places, weights["V1.recurrence"] != 0)
    assert fresh_state(layout, name, "m", w) == 0.0
    for zero in ("relative", "polarity"):
        assert np.array_equal(fresh_state(layout, name, zero, np.zeros(w.shape)), polarity)


def test_a_layout_draws_its_recurrence_by_the_cells_of_the_area() -> None:
    """Through the layout, with neurons in no block: the same matrix as from the signs alone."""
    area = Area("V1", 20, 100, activation="relu", recurrence=BALANCED, excitatory=0.8, dale=True)
    plain = hierarchy(1, 6, 3, 20)
    layout = Layout(*plain.inputs, area, *plain.outputs, *plain.pathways)
    expected = draw_recurrence(BALANCED, 100, generator(4, "weights", "V1.recurrence"), cell_signs(area))
    assert np.array_equal(draw_weights(layout, 4)["V1.recurrence"], expected)
    np.testing.assert_allclose(expected.sum(axis=0), 0, atol=1e-12)
