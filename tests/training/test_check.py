"""`model.check` counts what is wrong, each kind exactly, and nothing where all is well."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from training.dale import LAYOUT, copy_of_fitted, fitted, rule
from training.small import TASKS, model, trials
from training.small import fitted as fitted_small

from neuroap import AdjointPropagation, Area, CorticalClassifier, Input, Layout, Output, error, inference
from neuroap.errors import DataError
from neuroap.training.checking import violations
from neuroap.weights import draw_weights

X, Y = trials(7, start=400)
KINDS = ("wrong_sign", "misplaced", "not_finite", "rate_out_of_range")


def counts(found: xr.Dataset) -> dict[tuple[str, str], int]:
    """What is not 0, by kind and name of the weights or area."""
    listed = {}
    for kind in KINDS:
        if kind in found:
            (dim,) = found[kind].dims
            values = zip(found[dim].values, found[kind].values, strict=True)
            listed |= {(kind, str(name)): int(n) for name, n in values if n}
    assert found.violations == sum(listed.values())
    return listed


def test_a_trained_model_breaks_no_rule() -> None:
    found = fitted().check(X, Y)
    assert counts(found) == {}
    sizes = {str(n): int(s) for n, s in zip(found.weights.values, found["size"].values, strict=True)}
    assert sizes == {n: w.size for n, w in fitted().weights_.items()}
    assert found["rates"].values.tolist() == [7 * 34 * (3 + 3)]
    assert {v: found[v].attrs["units"] for v in found.data_vars} == dict.fromkeys(found.data_vars, "1")
    assert all(found[v].attrs["long_name"] for v in found.data_vars)


def test_without_labels_or_stimuli_less_is_looked_at() -> None:
    assert fitted().check(X)["rates"].values.tolist() == [7 * 34 * 3]
    assert set(fitted().check().data_vars) == {"size", "wrong_sign", "misplaced", "not_finite", "violations"}


def test_every_kind_that_is_planted_is_counted() -> None:
    broken = copy_of_fitted()
    w = broken.weights_
    w["V1.SI -> choice"][0, :3] = -0.5  # excitatory
    w["V1.SI -> choice"][7, 4] = 0.5  # inhibitory
    w["image -> V1.RI"][5, 1] = -7.0  # no law
    w["choice -> V1.RE"][0, 0] = -7.0
    exists = np.argwhere(w["V1.recurrence"] > 0)[:2]
    empty = np.argwhere(fitted_first() == 0)[:5]
    w["V1.recurrence"][tuple(exists.T)] *= -1
    w["V1.recurrence"][tuple(empty.T)] = 0.1 * np.where(np.isin(empty[:, 0], INHIBITORY), -1, 1)
    w["choice.bias"][0, 2] = np.nan
    w["image -> V1.RI"][3, :2] = [np.inf, np.nan]
    assert counts(broken.check()) == {
        ("wrong_sign", "V1.SI -> choice"): 4,
        ("wrong_sign", "V1.recurrence"): 2,
        ("misplaced", "V1.recurrence"): 5,
        ("not_finite", "choice.bias"): 1,
        ("not_finite", "image -> V1.RI"): 2,
    }


INHIBITORY = [6, 7, 14, 15, 22, 23, 30, 31, 33]


def fitted_first() -> np.ndarray:
    """Recurrent weights of the study before it learnt."""
    return draw_weights(LAYOUT, 0)["V1.recurrence"]


def test_connections_that_learning_cut_are_not_misplaced() -> None:
    """A recurrent weight that met its bound is 0, and may come back."""
    changed = copy_of_fitted()
    w = changed.weights_["V1.recurrence"]
    w[...] = 0
    assert counts(changed.check()) == {}
    w[...] = fitted_first()
    assert counts(changed.check()) == {}


def test_what_leaves_silent_cells_is_misplaced() -> None:
    cut = fitted().lesion("V1.SI.I")
    assert counts(cut.check(X, Y)) == {}
    cut.weights_["V1.SI -> choice"][6:8, 1] = -0.1
    assert counts(cut.check()) == {("misplaced", "V1.SI -> choice"): 2}


def test_without_the_law_no_sign_is_wrong() -> None:
    assert counts(fitted_small().check(X, Y)) == {}
    assert (fitted_small().weights_["V1.SI -> choice"] < 0).any()


# -- rates


def test_rates_that_become_nan_are_counted_in_every_step() -> None:
    """Also where a step holds nothing else: they are no steps that were left out."""
    broken = copy_of_fitted()
    broken.weights_["V1.bias"][...] = np.nan
    found = broken.check(X, Y)
    assert counts(found) == {("not_finite", "V1.bias"): 34, ("rate_out_of_range", "V1"): 7 * 34 * 6}
    broken = copy_of_fitted()
    broken.weights_["V1.bias"][0, 4] = np.nan
    everywhere = np.isnan(broken.record(X, Y).rate).sum()
    assert 7 * 6 < everywhere < 7 * 34 * 6
    assert counts(broken.check(X, Y))["rate_out_of_range", "V1"] == everywhere


EQUATIONS = "du/dt = (-u + I_rec + b + I_inf - beta*I_err)/tau : 1\nr = u - 0.05 : 1"


@pytest.mark.parametrize("law", [True, False])
def test_equations_of_ones_own_promise_no_range_but_that_of_the_law(law: bool) -> None:
    """Under Dale's law no rate may be negative; without it any rate will do."""
    cells: dict[str, object] = dict(excitatory=0.5, dale=law, activation="relu")
    layout = Layout(
        Input("image", 64), Area("V1", 4, equations=EQUATIONS, recurrence=None, **cells),  # type: ignore[arg-type]
        Output("choice", 10), inference("image", "V1.RI"), inference("V1.SI", "choice"), error("choice", "V1.RE"),
    )  # fmt: skip
    study = model(layout, AdjointPropagation((1, 1)), epochs=1).fit(*trials(20))
    rates = study.record(X).rate.values
    assert (rates < 0).sum() > 7 * 12  # all blocks but RI, and some of that
    assert study.check(X).rate_out_of_range.values.tolist() == [(rates < -1e-6).sum() if law else 0]


def test_single_precision_may_leave_the_range_by_rounding_alone() -> None:
    recorded = fitted().record(X, Y)
    for value, wrong in ((1 + 5e-7, 0), (-5e-7, 0), (1 + 2e-6, 1), (-2e-6, 1), (np.inf, 1)):
        recorded.rate[0, 0, 0, 0, 0] = value
        found = violations(fitted().learner_, fitted().seed_, recorded, "task")
        assert found.rate_out_of_range.item() == wrong, value


def test_steps_that_a_window_did_without_are_not_counted() -> None:
    """Windows that end early leave NaN behind, each batch after a number of steps of its own."""
    early = model(LAYOUT, AdjointPropagation((40, 40), tolerance=1e-2), epochs=1).fit(*trials(20))
    recorded = early.record(X, Y)
    there = int(recorded.rate.notnull().sum())
    assert there < 7 * 34 * 80
    assert early.check(X, Y)["rates"].item() == there
    first = recorded.rate.isel(trial=slice(3)).values
    first[0, :, 3:] = np.nan  # as of a batch that settled sooner
    recorded.rate[:, :3] = first
    found = violations(early.learner_, early.seed_, recorded, "task")
    assert found.rates.item() == int(recorded.rate.notnull().sum())
    assert counts(found) == {}
    recorded.rate[0, 5, 1, 0, 8] = np.nan  # a neuron of its own accord, and all others after it
    recorded.rate[0, 5, 2:] = np.nan
    found = violations(early.learner_, early.seed_, recorded, "task")
    assert counts(found) == {("rate_out_of_range", "V1"): 1 + 38 * 34}


def test_one_task_of_several_is_looked_at() -> None:
    """Areas that play no part in it are left out."""
    both = model(TASKS["recruitment 5b"], epochs=1).fit({"mnist": trials(20), "fashion": trials(20)})
    found = both.check(X, Y, task="mnist")
    assert found.area.values.tolist() == ["A3", "A4"]
    assert counts(found) == {}
    with pytest.raises(DataError, match=r"task: name a task that was learnt \(got None\)"):
        both.check(X)


def test_a_model_must_have_learnt() -> None:
    with pytest.raises(ValueError, match="not fitted yet"):
        CorticalClassifier(LAYOUT, rule()).check()


def test_recordings_name_cells_and_silence_them() -> None:
    """The neurons in no block too; rate and error of silent cells are 0, those of others are not."""
    cut = fitted().lesion("V1.RI", "V1.SE.I")
    recorded = cut.record(X, Y)
    assert "".join(recorded.cell.sel(area="V1").values) == "EEEEEEII" * 4 + "EI"
    silent = (recorded.block == "RI") | ((recorded.block == "SE") & (recorded.cell == "I"))
    assert int(silent.sum()) == 10
    assert np.array_equal(recorded.silent, silent)
    for values in (recorded.rate, recorded.error):
        assert not values.where(silent, 0).any()
        assert bool((values.where(~silent) != 0).where(~silent).any())
    assert float(recorded.rate.where(~silent).min()) > 0  # of a sigmoid
    plain = fitted_small().record(X[:2])
    assert set(plain.cell.values.ravel()) == {""}
    assert not plain.silent.any()
