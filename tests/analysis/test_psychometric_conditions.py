"""Conditions of a fit: each by itself, none pooled in silence, names that the result can hold."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from analysis.observers import LEVELS, Observer

from neuroap import experiment, hierarchy, train
from neuroap.analysis import accuracy, fit_psychometric
from neuroap.analysis.counts import MOST_LEVELS
from neuroap.analysis.psychometric import OTHERS
from neuroap.errors import DataError, SettingError
from neuroap.tasks import DotMotion

REPEATS = 20


def table(**columns):
    """Two observers one after the other; each column has a value for each of them."""
    tables = [Observer(pse=pse).trials(REPEATS) for pse in (-3, 3)]
    joined = {name: np.concatenate([t[name] for t in tables]) for name in tables[0]}
    return joined | {name: np.repeat(values, REPEATS * len(LEVELS)) for name, values in columns.items()}


def test_pooled_conditions_are_said():
    trials = table(condition=[0, 1], lesion=["none", "V1"])
    trials["seed"] = np.arange(len(trials["level"]))
    with pytest.warns(UserWarning, match=r"conditions are pooled: by='lesion' fits .* differs: lesion, condition\)"):
        fit = fit_psychometric(trials)
    assert fit.attrs["pooled"].startswith("by='lesion'")
    with pytest.warns(UserWarning, match="by='condition' fits them one by one"):
        fit_psychometric(table(condition=["hard", "easy"], noise=[2, 2]), by="noise")


@pytest.mark.parametrize(
    ("by", "advice"),
    [
        ((), "by=['noise', 'lesion'] fits"),
        ("noise", "by=['noise', 'lesion'] fits"),
        ("lesion", "by=['lesion', 'noise'] fits"),
    ],
)
def test_advice_tells_all_conditions_apart(by, advice):
    """Two settings that are crossed; seeds, which differ as well, are no setting."""
    parts = [table(noise=[noise] * 2, lesion=["none", "V1"], condition=[c, c + 1]) for noise, c in ((1, 0), (2, 2))]
    trials = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    trials["seed"] = trials["condition"] + 100
    trials["Condition"] = trials.pop("condition")
    with pytest.warns(UserWarning, match="conditions are pooled") as told:
        fit = fit_psychometric(trials, by=by)
    assert advice in str(told[0].message)
    assert fit.attrs["pooled"].startswith(advice)
    assert "seed" not in fit.attrs["pooled"]
    fit_psychometric(trials, by=["noise", "lesion"])  # a warning would be an error


def test_advice_after_an_experiment_with_a_lesion():
    """The setting is named, not the seed of the stimuli."""
    task = DotMotion(frames=1, channels=8)
    model = train(task, hierarchy(1, 8, 2, 8), epochs=1, trials=10, test_trials=2, batch_size=10, progress=False)
    trials = experiment([model, model.lesion("V1.SE")], task, levels=[-10, 0, 10], trials=5)
    with pytest.warns(UserWarning, match="by='lesion' fits them one by one"):
        fit_psychometric(trials)
    with pytest.warns(UserWarning, match="accuracy: conditions are pooled: by='lesion' fits"):
        accuracy(trials.assign(noise=("trial", np.ones(trials.sizes["trial"]))))


@pytest.mark.parametrize("by", ["condition", "lesion", ["lesion", "noise"]])
def test_conditions_that_are_told_apart_are_not_pooled(by):
    """A warning would be an error here."""
    fit = fit_psychometric(table(condition=[0, 1], lesion=["none", "V1"], noise=[1, 1]), by=by)
    assert fit["pse"].values.min() < -2
    assert fit["pse"].values.max() > 2
    assert "pooled" not in fit.attrs


def test_a_table_without_conditions_is_one():
    assert "pooled" not in fit_psychometric(table(noise=[1, 2])).attrs


def many_levels(n, seed):
    """An observer at n different levels, twice each."""
    level = np.repeat(np.random.default_rng(seed).uniform(-8, 8, n), 2)
    return {"level": level, "choice": (np.random.default_rng(seed + 1).random(2 * n) < Observer().p(level)).astype(int)}


@pytest.mark.parametrize("other", [3 * MOST_LEVELS, 40])
def test_levels_are_pooled_within_a_condition(other):
    """What other conditions are in the table changes nothing."""
    mine, others = many_levels(40, 0), many_levels(other, 7)
    both = {name: np.concatenate([mine[name], others[name]]) for name in mine}
    fit = fit_psychometric(both | {"noise": np.repeat([1, 2], [80, 2 * other])}, by="noise")
    alone = fit_psychometric(mine)
    for name in ("pse", "jnd", "lapse", "deviance", "pse_interval", "jnd_interval"):
        np.testing.assert_array_equal(fit[name].sel(noise=1), alone[name], err_msg=name)
    assert int((fit["n_trials"].sel(noise=1) > 0).sum()) == 40
    assert int((fit["n_trials"].sel(noise=2) > 0).sum()) == min(other, MOST_LEVELS)
    assert fit["n_trials"].sum() == 80 + 2 * other


@pytest.mark.parametrize("name", ["width", "pse", "x", "first", "bound", "reason", "level", "jnd_difference", "curve"])
def test_names_that_the_result_uses(name):
    trials = Observer().trials(REPEATS)
    trials[name] = trials.get(name, np.ones(len(trials["level"])))
    message = rf"fit_psychometric\.by: the name is used by the result \(got '{name}'\)\n  rename the column"
    with pytest.raises(DataError, match=message):
        fit_psychometric(trials, by=["choice", name])


def test_every_name_of_a_result_is_known():
    """What a later version adds must be refused too."""
    fit = fit_psychometric(table(noise=[1, 2]), by="noise")
    for name in {str(n) for n in fit.variables} - {"noise"}:
        with pytest.raises(DataError, match="the name is used by the result"):
            fit_psychometric(table(**{name: [1, 2]}) if name != "level" else table(), by=name)
    assert {str(n) for n in fit.variables} > OTHERS


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"by": 3}, r"by: must be the name of a column, or a sequence of different ones \(got 3\)"),
        ({"by": [3]}, r"by: must be the name of a column, .* \(got \[3\]\)"),
        ({"by": ["noise", "noise"]}, r"by: must be the name of a column, or a sequence of different ones"),
        ({"credible": "a"}, r"credible: must lie between 0 and 1 \(got 'a'\)"),
        ({"credible": None}, r"credible: must lie between 0 and 1 \(got None\)"),
    ],
)
def test_settings_of_the_wrong_kind(settings, message):
    with pytest.raises(SettingError, match=r"fit_psychometric\." + message):
        fit_psychometric(table(noise=[1, 2]), **settings)


def test_codes_name_the_response():
    trials = Observer().trials(REPEATS)
    coded = trials | {"choice": np.where(trials["choice"] > 0, "cw", "ccw")}
    fit = fit_psychometric(coded, choices=("ccw", "cw"))
    xr.testing.assert_equal(fit, fit_psychometric(trials))
    assert fit.attrs["response"] == "proportion of 'cw'"
