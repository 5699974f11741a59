"""Experiments: each row of the Dataset says what was shown and answered, whoever answers."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import xarray as xr
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from neuroap import AdjointPropagation, CorticalClassifier, hierarchy
from neuroap.analysis import fit_psychometric, read_trials
from neuroap.errors import DataError, SettingError
from neuroap.psychophysics import experiment, join, methods, train
from neuroap.psychophysics.experiments import usual_levels
from neuroap.tasks import DotMotion, FunctionTask, GaborOrientation

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


def test_a_single_level():
    assert run(levels=10).level.values.tolist() == [10] * 20


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


def test_conditions_are_numbered_from_part_to_part():
    """Also where nothing else tells models apart."""
    twice = run([Ideal(), Ideal()])
    assert np.unique(twice.condition, return_counts=True)[1].tolist() == [100, 100]
    both = join([twice, run(), twice.drop_vars("condition")])
    assert np.unique(both.condition, return_counts=True)[1].tolist() == [100, 100, 100, 200]
    named = join([run(), run()], condition=["before", "after"])
    assert np.unique(named.condition).tolist() == ["after", "before"]
    with pytest.raises(SettingError, match=r"join\.condition: numbers the conditions .*\n  choose another name"):
        join([twice, run()], condition=["before", "after"])


def test_parts_with_other_variables_are_joined(tmp_path):
    """What varies in one part and is an attribute of another, or unknown there."""
    two, one = run([Ideal(), Steady()], [MOTION, MOTION.replace(channels=8)]), run(Steady())
    both = join([two, one.drop_attrs().assign_attrs(model="Steady", only_here=1)])
    assert both.model.values[::100].tolist() == ["Ideal", "Steady", "Steady"]
    assert both.task_channels.values[::100].tolist() == ["4", "8", "none"]
    assert not {"model", "only_here"} & both.attrs.keys()
    both.to_netcdf(tmp_path / "trials.nc", engine="h5netcdf")
    assert join([two, one]).task_channels.values[::100].tolist() == [4, 8, 4]


def network(noise=0.2, **rule):
    """A small one that has learnt a little."""
    layout = hierarchy(1, input=4, output=2, block=2)
    model = CorticalClassifier(layout, AdjointPropagation(steps=(2, 2), **rule), batch_size=5, progress=False)
    return train(MOTION.replace(noise=noise), model, epochs=1, trials=10, test_trials=10, progress=False)


def test_networks_are_told_apart(tmp_path):
    """By lesions, rules and what they were trained on, also once they were stored; with other models in one file."""
    model = network()
    cut = model.lesion("V1.SI")
    trials = run([model, cut, network(beta=0.5), network(noise=1), Ideal()], trials=1)
    first = {name: trials[name].values[::5].tolist() for name in trials if name not in ("correct", "p_right", "choice")}
    assert first["condition"] == [0, 1, 2, 3, 4]
    assert first["lesion"] == ["none", "V1.SI", "none", "none", "none"]
    assert first["rule_beta"] == ["1.0", "1.0", "0.5", "1.0", "none"]
    assert first["trained_on_noise"] == ["0.2", "0.2", "0.2", "1.0", "none"]
    assert first["network_sizes"][0] == "image 4, V1 8, choice 2"
    model.save(tmp_path / "model.nc")
    stored = run([CorticalClassifier.load(tmp_path / "model.nc"), cut], trials=1)
    assert stored.attrs["trained_on_noise"] == 0.2
    assert (stored.attrs["rule_steps"], stored.attrs["rule_error"]) == ([2, 2], "STE")
    trials.to_netcdf(tmp_path / "trials.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "trials.nc", engine="h5netcdf") as loaded:
        xr.testing.assert_equal(loaded.load(), trials)


def test_conditions_can_be_fitted_by_what_differs():
    trials = run([Ideal(), Steady()], trials=30)
    assert fit_psychometric(trials, by="model").sizes["model"] == 2
    assert fit_psychometric(trials, by="condition").sizes["condition"] == 2
    same = run([network(), network().lesion("V1.SI")], trials=30)
    assert fit_psychometric(same, by="lesion")["lesion"].values.tolist() == ["V1.SI", "none"]


def test_seeds_of_any_size_can_be_stored(tmp_path):
    trials = run(seed=2**64)
    trials.to_netcdf(tmp_path / "trials.nc", engine="h5netcdf")
    assert trials.attrs["experiment_seed"] == str(2**64)


def test_names_of_choices_are_kept_whole(tmp_path):
    task = FunctionTask(lambda level, rng: [level], choices=("first interval", "second interval"))
    trials = run(Steady(), task, levels=[-1, 0, 1], choice="sample")
    assert trials.choice.attrs["flag_meanings"] == "first_interval second_interval"
    trials.to_netcdf(tmp_path / "trials.nc", engine="h5netcdf")
    assert read_trials(tmp_path / "trials.nc").words == ("first interval", "second interval")
    fit = fit_psychometric(tmp_path / "trials.nc")
    assert fit.attrs["response"] == "proportion of 'second interval'"
    assert fit.attrs["answers"] == "first interval, second interval"


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
        (DataError, r"experiment: levels must be numbers \(got \['steep'\]\)", {"levels": ["steep"]}),
        (DataError, r"experiment: levels must be a row with one number per trial", {"levels": []}),
        (DataError, r"experiment: levels must be finite numbers in \[-100, 100\] \(got 101\.0\)", {"levels": [1, 101]}),
        (SettingError, r"noise: must be a number, or a sequence of at least one \(got \[\]\)", {"noise": []}),
        (SettingError, r"levels: must hold at least two levels", {"levels": [1], "method": "quest+"}),
        (DataError, r"model: must have learnt .* left and right \(got 'an untrained", {"model": LogisticRegression()}),
        (
            DataError,
            r"model: must have a method predict_proba \(got 'object'\)\n  write predict_proba",
            {"model": object()},
        ),
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


class Answers:
    """Gives the same answer to whatever it is asked, of any shape."""

    classes_ = np.array([0, 1])

    def __init__(self, answer, rows=True):
        self.answer, self.rows = answer, rows

    def predict_proba(self, X):
        return [self.answer] * len(X) if self.rows else self.answer


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Answers([np.nan, 0.5]), r"must return probabilities \(got \[nan, 0\.5\]\)\n  one row per stimulus"),
        (Answers([0.5, 3.0]), r"must return probabilities \(got \[0\.5, 3\.0\]\)"),
        (Answers([-1.0, 2.0]), r"must return probabilities \(got \[-1\.0, 2\.0\]\)"),
        (Answers(0.5), r"must return an array of shape \(5, 2\) \(got 'shape \(5,\)'\)"),
        (Answers([0.5, 0.5], rows=False), r"must return an array of shape \(5, 2\) \(got 'shape \(2,\)'\)"),
        (Answers("right", rows=False), r"must return numbers \(got 'str'\)"),
    ],
)
def test_answers_that_are_no_probabilities(model, message):
    with pytest.raises(DataError, match=r"model\.predict_proba: " + message):
        run(model, trials=1)


def test_a_mistake_is_found_before_any_model_answers():
    """Of the last of several too."""
    asked = Ideal()
    asked.predict_proba = lambda X: pytest.fail("was asked")
    with pytest.raises(DataError, match="must have learnt"):
        run([asked, LogisticRegression()])


def test_a_condition_without_a_value():
    with pytest.raises(SettingError, match=r"join\.day: must hold one value for each of 2 parts \(got \[1\]\)"):
        join([run(), run()], day=[1])
