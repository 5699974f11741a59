"""Fits of simulated observers: against the truth, an independent posterior, and psignifit itself."""

from __future__ import annotations

import numpy as np
import pandas as pd
import psignifit
import pytest
import xarray as xr
from analysis.observers import LEVELS, Observer
from scipy.stats import beta, norm

from neuroap.analysis import fit_psychometric
from neuroap.analysis.counts import count
from neuroap.analysis.posterior import infer
from neuroap.errors import SettingError

OBSERVER = Observer()
PARAMETERS = ("pse", "jnd", "slope", "lapse", "width")


def conditions(observers, repeats=40, name="noise"):
    """Trials of several observers in one table."""
    tables = [o.trials(repeats) | {name: np.full(repeats * len(LEVELS), key)} for key, o in observers.items()]
    return {k: np.concatenate([t[k] for t in tables]) for k in tables[0]}


def length(interval):
    return float(interval[1] - interval[0])


@pytest.fixture(scope="module")
def fit():
    return fit_psychometric(OBSERVER.trials(60))


@pytest.fixture(scope="module")
def fits():
    observers = {1: Observer(width=4), 2: OBSERVER, 4: Observer(width=14, pse=-1)}
    return conditions(observers), fit_psychometric(conditions(observers), by="noise")


def test_many_trials_give_the_truth():
    """The error of 20,000 trials per level is small, and intervals shrink with the root of their number."""
    many, more = (fit_psychometric(OBSERVER.trials(n)) for n in (5000, 20000))
    for name in PARAMETERS:
        truth = getattr(OBSERVER, name)
        low, high = more[f"{name}_interval"].values
        assert low < float(more[name]) < high
        assert float(more[name]) == pytest.approx(truth, rel=0.05)
        assert length(many[f"{name}_interval"]) == pytest.approx(2 * (high - low), rel=0.25)


def test_the_grid_resolves_what_many_trials_tell():
    """psignifit's own grid is coarser than this posterior."""
    trials = OBSERVER.trials(20000)
    posterior = infer(count(trials["level"], trials["choice"] > 0), "choice")
    assert posterior.resolved()
    for name in ("threshold", "width"):
        assert posterior.density[name][[0, -1]].max() < 1e-3 * posterior.density[name].max()


def test_draws_follow_the_posterior():
    """Their quantiles are those of the marginals, and they fill the cells of the grid."""
    trials = OBSERVER.trials(60)
    posterior = infer(count(trials["level"], trials["choice"] > 0), "choice")
    draws = posterior.draw(40_000, np.random.default_rng(0))
    q = (0.025, 0.25, 0.5, 0.75, 0.975)
    for values, name in ((draws.threshold, "threshold"), (draws.width, "width"), (draws.lapse, "lambda")):
        assert len(np.unique(values)) == 40_000
        assert values.min() >= posterior.grid[name][0]
        assert values.max() <= posterior.grid[name][-1]
        np.testing.assert_allclose(np.quantile(values, q), posterior.quantiles(name, q), atol=0.04 * values.std())


def test_an_independent_posterior_has_the_same_means_and_intervals(fit):
    """Dense integration with the priors as they are stated, written anew."""
    level, right, n = LEVELS, fit["n_right"].values, fit["n_trials"].values
    m, w, lam = np.linspace(-2, 3, 101), np.linspace(2, 16, 141), np.linspace(0, 0.15, 76)
    logp = 18 * np.log1p(-lam)[:, None, None] + np.zeros((76, 101, 141))  # Beta(1, 10) of both asymptotes
    for x, r, k in zip(level, right, n, strict=True):
        F = norm.cdf((x - m[:, None]) / (w / (2 * norm.ppf(0.95))))
        p = lam[:, None, None] + (1 - 2 * lam[:, None, None]) * F
        with np.errstate(divide="ignore", invalid="ignore"):
            logp += np.where(r > 0, r * np.log(p), 0) + np.where(r < k, (k - r) * np.log1p(-p), 0)
    mass = np.exp(logp - np.nanmax(logp))
    for axis, values, name in ((0, lam, "lapse"), (1, m, "pse"), (2, w, "width")):
        marginal = mass.sum(tuple({0, 1, 2} - {axis}))
        below = np.cumsum((marginal[1:] + marginal[:-1]) / 2)
        ends = np.interp([0.025, 0.975], np.r_[0, below] / below[-1], values)
        sd = float(np.diff(ends)[0]) / 4
        assert float(fit[name]) == pytest.approx(marginal @ values / marginal.sum(), abs=0.04 * sd), name
        np.testing.assert_allclose(fit[f"{name}_interval"], ends, atol=0.06 * sd, err_msg=name)


def test_psignifit_with_its_defaults_gives_nearly_the_same(fit):
    data = np.column_stack([LEVELS, fit["n_right"], fit["n_trials"]])
    theirs = psignifit.psignifit(data, experiment_type="equal asymptote", fixed_parameters={"eta": 0})
    for ours, name in (("pse", "threshold"), ("width", "width"), ("lapse", "lambda")):
        low, high = theirs.confidence_intervals[name]["0.95"]
        assert float(fit[ours]) == pytest.approx(theirs.parameter_estimate_mean[name], abs=0.05 * (high - low))
        np.testing.assert_allclose(fit[f"{ours}_interval"], [low, high], atol=0.1 * (high - low))


def test_definitions(fit):
    """JND, slope and asymptotes, measured on the curve itself."""
    curve, x = fit["curve"].values, fit["x"].values
    lapse = float(fit["lapse"])
    unlapsed = (curve - lapse) / (1 - 2 * lapse)
    quarter, half, three = np.interp([0.25, 0.5, 0.75], unlapsed, x)
    assert float(fit["jnd"]) == pytest.approx((three - quarter) / 2, rel=1e-3)
    assert float(fit["pse"]) == pytest.approx(half, abs=1e-3)
    assert float(fit["slope"]) == pytest.approx(np.gradient(curve, x).max(), rel=2e-3)
    five, most = np.interp([0.05, 0.95], unlapsed, x)
    assert float(fit["width"]) == pytest.approx(most - five, rel=1e-3)
    assert beta(1, 10).pdf(0.1) / beta(1, 10).pdf(0) == pytest.approx(0.9**9)  # as the attributes say


def test_curve_and_band(fit):
    low, high = fit["curve_interval"].values
    assert (low < fit["curve"].values).all()
    assert (fit["curve"].values < high).all()
    assert fit["x"].values[[0, -1]].tolist() == [-8, 8]


def test_deviance(fit):
    r, n = fit["n_right"].values, fit["n_trials"].values
    p = np.interp(LEVELS, fit["x"], fit["curve"])
    saturated, fitted = (np.sum(norm_log(r, q) + norm_log(n - r, 1 - q)) for q in (r / n, p))
    assert float(fit["deviance"]) == pytest.approx(2 * (saturated - fitted), rel=1e-6)
    assert 0.05 < float(fit["deviance_p"]) < 0.95


def norm_log(count, p):
    """count * log(p), and 0 where nothing was counted."""
    return np.where(count > 0, count * np.log(np.where(count > 0, p, 1)), 0)


def test_a_bad_fit_shows_in_the_deviance():
    """Two levels far from the curve."""
    trials = OBSERVER.trials(60)
    trials["choice"][trials["level"] == 6] = 0
    trials["choice"][trials["level"] == -6] = 1
    assert float(fit_psychometric(trials)["deviance_p"]) < 0.001


def test_lapses_to_one_side_shift_the_pse():
    """The limitation that the documentation states, and its warning sign."""
    level, sd = np.repeat(LEVELS, 200), 1.8
    right = np.random.default_rng(0).random(len(level)) < 0.9 * norm.cdf(level / sd)
    fit = fit_psychometric({"level": level, "choice": right.astype(int)})
    assert 0.2 * sd < float(fit["pse"]) < 0.45 * sd
    assert float(fit["deviance_p"]) < 0.01


def test_each_condition_is_fitted_by_itself(fits):
    trials, together = fits
    for noise in (1, 2, 4):
        mine = trials["noise"] == noise
        alone = fit_psychometric({name: trials[name][mine] for name in ("level", "choice")})
        for name in ("pse", "jnd", "lapse", "slope", "deviance", "pse_interval", "jnd_interval", "n_right"):
            np.testing.assert_array_equal(together[name].sel(noise=noise), alone[name], err_msg=name)


def test_differences(fits):
    """First minus second; the variance of a difference is the sum of both variances."""
    fit = fits[1]
    for name in ("pse", "jnd", "slope", "lapse"):
        difference, interval = fit[f"{name}_difference"], fit[f"{name}_difference_interval"]
        assert difference.sel(first=4, second=1).item() == (fit[name].sel(noise=4) - fit[name].sel(noise=1)).item()
        np.testing.assert_array_equal(np.diag(difference), 0)
        one = interval.sel(first=4, second=2)
        np.testing.assert_allclose(one, -interval.sel(first=2, second=4).values[::-1], rtol=1e-12)
        lengths = [length(fit[f"{name}_interval"].sel(noise=k)) for k in (2, 4)]
        assert length(one) == pytest.approx(np.hypot(*lengths), rel=0.12)
    assert (fit["jnd_difference_interval"].sel(first=4, second=1) > 0).all()


def test_several_conditions_and_one_without_trials():
    """Noise x observer; one observer has seen one noise only."""
    both = conditions({"A": OBSERVER, "B": Observer(width=3)}, name="observer")
    both["noise"] = np.where(both["observer"] == "A", np.tile([1, 2], len(both["level"]) // 2), 1)
    fit = fit_psychometric(both, by=["noise", "observer"])
    assert fit["pse"].dims == ("noise", "observer")
    assert fit["reason"].sel(noise=2, observer="B").item() == "no trials"
    assert np.isnan(fit["pse"].sel(noise=2, observer="B"))
    assert fit["first"].values.tolist()[0] == "noise=1, observer=A"
    assert fit["identifiable"].sum() == 3
    assert fit["n_trials"].sum() == len(both["level"])


@pytest.mark.parametrize("coding", [(0, 1), (-1, 1), ("left", "right"), ("Left ", "RIGHT"), (False, True)])
def test_codings_of_choices(fit, coding):
    trials = OBSERVER.trials(60)
    trials["choice"] = np.array(coding)[trials["choice"]]
    xr.testing.assert_identical(fit_psychometric(trials), fit)


def test_tables_of_every_kind(fits, tmp_path):
    """Dict, DataFrame, Dataset and both kinds of file give the same numbers, in any order of the trials."""
    trials, expected = fits
    order = np.random.default_rng(0).permutation(len(trials["level"]))
    frame = pd.DataFrame(trials).iloc[order]
    frame.rename(columns={"level": "stimulus"}).to_csv(tmp_path / "trials.csv", index=False)
    dataset = xr.Dataset({name: ("trial", values) for name, values in trials.items()})
    dataset.to_netcdf(tmp_path / "trials.nc", engine="h5netcdf")
    for data in (frame, dataset, tmp_path / "trials.csv", str(tmp_path / "trials.nc")):
        found = fit_psychometric(data, by="noise")
        xr.testing.assert_equal(found, expected)


def test_stored_trials_and_stored_fits_lose_nothing(fits, tmp_path):
    """Names, units and settings pass on, also through a file; another fit gives the same bits."""
    attrs = {"task_name": "gabor", "task_noise": 2.0, "choice_rule": "max"}
    dataset = xr.Dataset({name: ("trial", values) for name, values in fits[0].items()}, attrs=attrs)
    dataset["level"].attrs = {"long_name": "orientation", "units": "deg"}
    dataset["noise"].attrs = {"long_name": "pixel noise", "units": "1"}
    dataset["choice"].attrs = {"flag_values": [0, 1], "flag_meanings": "down up"}
    dataset.to_netcdf(tmp_path / "trials.nc", engine="h5netcdf")
    fit = fit_psychometric(tmp_path / "trials.nc", by="noise")
    xr.testing.assert_identical(fit_psychometric(dataset, by="noise"), fit)
    fit.to_netcdf(tmp_path / "fit.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "fit.nc", engine="h5netcdf") as loaded:
        xr.testing.assert_identical(loaded.load(), fit)
    assert fit.attrs.items() >= attrs.items()
    assert fit["noise"].attrs == dataset["noise"].attrs
    assert [fit[n].attrs["units"] for n in ("pse", "jnd_interval", "slope", "lapse")] == ["deg", "deg", "1/deg", "1"]
    assert fit["curve"].attrs["long_name"] == "proportion of 'up'"
    assert fit["level"].attrs["long_name"] == fit["x"].attrs["long_name"] == "orientation"


def test_everything_is_labelled(fit):
    assert [name for name in fit.variables if "long_name" not in fit[name].attrs] == []
    settings = {"sigmoid", "prior_threshold", "prior_width", "prior_lapse", "psignifit_version", "credible"}
    assert settings <= fit.attrs.keys()
    assert fit.attrs["experiment_type"] == "equal asymptote"
    assert "choices are known" in fit.attrs["experiment_type_why"]


def test_percent_correct():
    """The JND is the level of 75% correct; there is no PSE."""
    rng = np.random.default_rng(1)
    level = np.repeat([0.5, 1, 2, 3, 4, 6], 400)
    p = 0.5 + (0.5 - 0.03) * norm.cdf((level - 2.5) / 1.2)
    fit = fit_psychometric({"level": level, "correct": (rng.random(len(level)) < p).astype(float)})
    assert fit.attrs["experiment_type"] == "2AFC"
    assert float(fit["jnd"]) == pytest.approx(2.5, abs=0.15)
    assert float(fit["width"]) == pytest.approx(1.2 * 2 * norm.ppf(0.95), rel=0.2)
    assert np.isnan(fit["pse"])
    lapse = float(fit["lapse"])
    assert np.interp(fit["jnd"], fit["x"], fit["curve"]) == pytest.approx(0.5 + (0.5 - lapse) / 2, abs=1e-4)
    assert fit["identifiable"] == 1


def test_more_levels_than_were_chosen():
    """Levels of an adaptive method are pooled, which changes estimates by less than their uncertainty."""
    rng = np.random.default_rng(2)
    level = rng.uniform(-8, 8, 1500)
    fit = fit_psychometric({"level": level, "choice": (rng.random(1500) < OBSERVER.p(level)).astype(int)})
    assert fit.sizes["level"] == 60
    assert fit["n_trials"].sum() == 1500
    for name in ("pse", "jnd"):
        low, high = fit[f"{name}_interval"].values
        assert low < getattr(OBSERVER, name) < high


def test_wider_intervals_hold_more(fit):
    half = fit_psychometric(OBSERVER.trials(60), credible=0.5)
    ratio = length(fit["pse_interval"]) / length(half["pse_interval"])
    assert ratio == pytest.approx(norm.ppf(0.975) / norm.ppf(0.75), rel=0.03)
    with pytest.raises(SettingError, match=r"credible: must lie between 0 and 1 \(got 95\)"):
        fit_psychometric(OBSERVER.trials(60), credible=95)
