"""Experiments: each row of the Dataset says what was shown and answered, whoever answers."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import xarray as xr
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from neuroap.errors import DataError, SettingError
from neuroap.psychophysics import experiment, join, methods
from neuroap.psychophysics.experiments import usual_levels
from neuroap.tasks import DotMotion, GaborOrientation

MOTION = DotMotion(frames=1, channels=4, noise=0.2)
LEVELS = [-40, -10, 0, 10, 40]


class Ideal:
    """Answers from the channels that prefer the left and the right."""

    classes_ = np.array([0, 1])

    def predict_proba(self, X):
        right = expit(10 * (X[:, 0] - X[:, 2]).astype(float))
        return np.column_stack([1 - right, right])


class Undecided:
    """Finds both choices equally likely."""

    classes_ = np.array([0, 1])

    def predict_proba(self, X):
        return np.full((len(X), 2), 0.5)


class Steady(Undecided):
    """Says right with a probability of 0.8, whatever it sees."""

    def predict_proba(self, X):
        return np.tile([0.2, 0.8], (len(X), 1))


def run(model=None, task=MOTION, levels=LEVELS, trials=20, **settings):
    return experiment(Ideal() if model is None else model, task, levels, trials, **settings)


def shown_again(trials, task):
    """Stimuli of all trials, drawn again from what the Dataset says."""
    X = np.empty((trials.sizes["trial"], task.columns), np.float32)
    for seed in np.unique(trials.seed):
        block = np.flatnonzero(trials.seed == seed)
        block = block[np.argsort(trials.draw.values[block])]
        X[block] = task.stimuli(trials.level.values[block], int(seed))
    return X


def test_every_level_equally_often():
    levels, n = np.unique(run().level, return_counts=True)
    assert (levels.tolist(), n.tolist()) == (LEVELS, [20] * 5)


@pytest.mark.parametrize("method", ["constant", "quest+"])
def test_stimuli_and_answers_can_be_had_again(method, monkeypatch):
    """Over several blocks, whatever the order of rows; probabilities are those of the stimuli that the seeds give."""
    monkeypatch.setattr(methods, "BLOCK", 30)
    trials = run(method=method)
    trials = trials.isel(trial=np.random.default_rng(0).permutation(trials.sizes["trial"]))
    assert np.unique(trials.seed).size == (4 if method == "constant" else 20)
    again = Ideal().predict_proba(shown_again(trials, MOTION))[:, 1]
    np.testing.assert_array_equal(trials.p_right, again)


def test_the_likelier_choice_and_whether_it_was_right():
    trials = run()
    np.testing.assert_array_equal(trials.choice, trials.p_right > 0.5)
    asked = trials.level != 0
    np.testing.assert_array_equal(trials.correct[asked], ((trials.choice == 1) == (trials.level > 0))[asked])
    assert np.isnan(trials.correct[~asked]).all()
    assert set(trials.correct.values[asked]) == {0, 1}


def test_choices_sampled_with_their_probability():
    assert run(Steady(), trials=1000, choice="sample").choice.mean() == pytest.approx(0.8, abs=0.02)
    assert run(Steady(), choice="max").choice.values.all()


def test_a_tie_is_settled_by_a_coin():
    assert run(Undecided(), trials=1000).choice.mean() == pytest.approx(0.5, abs=0.025)


def test_one_dataset_for_several_noise_levels():
    """Each condition has draws of its own; the first is what it would be alone."""
    trials = run(noise=[0.2, 1])
    assert np.unique(trials.noise).tolist() == [0.2, 1]
    first, second = (trials.isel(trial=trials.noise == sd) for sd in (0.2, 1))
    np.testing.assert_array_equal(first.p_right, run().p_right)
    assert not np.isin(second.seed, first.seed).any()


def test_a_model_for_each_task():
    trials = run([Ideal(), Steady()], [MOTION, MOTION.replace(channels=8)])
    assert trials.task_channels.values[[0, -1]].tolist() == [4, 8]
    assert trials.model.values[[0, -1]].tolist() == ["Ideal", "Steady"]
    assert trials.p_right.values[-1] == 0.8
    assert "task_channels" not in trials.attrs
    assert trials.attrs["task_frames"] == 1


def test_several_models_see_the_same_task():
    trials = run([Ideal(), Steady(), Undecided()])
    assert trials.sizes["trial"] == 300
    assert dict.fromkeys(trials.model.values) == dict.fromkeys(["Ideal", "Steady", "Undecided"])


def test_classifiers_of_scikit_learn_answer_too():
    shown = MOTION.sample(200, seed=1)
    trials = run(LogisticRegression().fit(shown.X, shown.y), trials=50)
    assert trials.correct.mean() > 0.7
    assert trials.attrs["model"] == "LogisticRegression"


@pytest.mark.parametrize("classes", [(-1, 1), ("left", "right"), ("right", "left"), (False, True)])
def test_other_names_of_the_choices(classes):
    model = Steady()
    model.classes_ = np.array(classes)
    expected = 0.2 if classes[0] == "right" else 0.8
    assert run(model).p_right.values[0] == expected


def test_same_seed_same_trials():
    xr.testing.assert_identical(run(seed=3), run(seed=3))
    assert (run(seed=3).p_right != run(seed=4).p_right).any()


def test_usual_levels_are_those_of_the_appendix():
    np.testing.assert_array_equal(usual_levels(GaborOrientation()), np.arange(-12, 13))
    assert usual_levels(DotMotion(train_levels=(-80, 80))).max() == 100


def test_a_file_says_what_it_holds(tmp_path):
    """Without neuroap: names, units, all settings, the meaning of the numbers."""
    run(noise=[1, 2]).to_netcdf(tmp_path / "trials.nc", engine="h5netcdf")
    code = (
        "import sys, xarray as xr; d = xr.load_dataset(sys.argv[1]);"
        "assert all({'long_name', 'units'} <= set(v.attrs) for v in d.values());"
        "print(d.level.units, d.choice.flag_meanings, d.choice.dtype, d.seed.dtype, d.attrs['task_frames'],"
        " d.attrs['method'], d.attrs['choice_rule'], 'neuroap' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "trials.nc"], capture_output=True, text=True, cwd="/")
    assert done.stderr == ""
    assert done.stdout.split() == ["%", "left", "right", "int8", "int64", "1", "constant", "max", "False"]


def test_join_names_the_parts():
    both = join([run(seed=1), run(seed=2)], session=["first", "second"])
    assert both.session.values[[0, -1]].tolist() == ["first", "second"]
    assert "experiment_seed" not in both.attrs
    assert both.attrs["task_name"] == "motion"
    assert both.level.attrs["units"] == "%"


@pytest.mark.parametrize(
    ("error", "message", "settings"),
    [
        (SettingError, r"method: must be one of .*'quest'", {"method": "quest"}),
        (SettingError, r"choice: must be one of .*'maximum'", {"choice": "maximum"}),
        (SettingError, r"trials: must be an integer >= 1 \(got 0\)", {"trials": 0}),
        (SettingError, r"task: must be a TwoAlternative", {"task": "gabor"}),
        (SettingError, r"model: must be one, or one for each of 2 .*got 3", {"model": [Ideal()] * 3, "noise": [1, 2]}),
        (SettingError, r"task: all must vary the same level", {"task": [MOTION, GaborOrientation()]}),
        (DataError, r"levels: must be numbers \(got \['steep'\]\)", {"levels": ["steep"]}),
        (DataError, r"model: must have learnt .* left and right \(got 'an untrained", {"model": LogisticRegression()}),
    ],
)
def test_mistakes(error, message, settings):
    with pytest.raises(error, match=message):
        run(**settings)


def test_a_model_of_other_labels():
    model = Ideal()
    model.classes_ = np.array([3, 7])
    with pytest.raises(DataError, match=r"model: must have learnt to choose .* \(got array\(\[3, 7\]\)\)"):
        run(model)


def test_a_condition_without_a_value():
    with pytest.raises(SettingError, match=r"join\.day: must hold one value for each of 2 parts \(got \[1\]\)"):
        join([run(), run()], day=[1])
