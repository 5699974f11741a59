"""Training on a task: fresh trials in every epoch, going on, snapshots, and the published network."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.stats import norm

from models import two_choice as model_file
from neuroap import AdjointPropagation, CorticalClassifier, Normal, hierarchy
from neuroap.errors import DataError, SettingError
from neuroap.psychophysics import PUBLISHED_RULE, experiment, join, train, two_choice
from neuroap.tasks import DotMotion, GaborOrientation
from neuroap.timeline import timeline

TASK = DotMotion(frames=1, channels=8, noise=0.2)
LAYOUT = hierarchy(1, input=8, output=2, block=8)
RULE = AdjointPropagation(steps=(4, 4), learning_rate=0.05)
PROBE = {"levels": [-40, 0, 40], "trials": 10}


def classifier(**settings):
    return CorticalClassifier(LAYOUT, RULE, **{"batch_size": 10, "progress": False, "random_state": 1} | settings)


def trained(model=None, **settings):
    model = classifier() if model is None else model
    return train(TASK, model, **{"epochs": 2, "trials": 40, "test_trials": 100, "progress": False} | settings)


def assert_same_weights(first, second):
    assert first.weights_.keys() == second.weights_.keys()
    for name, weights in first.weights_.items():
        np.testing.assert_array_equal(weights, second.weights_[name], err_msg=name)


def test_a_task_with_any_setting_can_be_saved(tmp_path):
    """Numbers too large for a file are kept as text."""

    @dataclasses.dataclass(frozen=True)
    class Motion(DotMotion):
        big: int = 2**70

    model = train(Motion(frames=1, channels=8), classifier(), epochs=1, trials=10, test_trials=2, progress=False)
    model.save(tmp_path / "model.nc")
    assert CorticalClassifier.load(tmp_path / "model.nc").history_.attrs["task_big"] == str(2**70)


def test_it_learns():
    history = trained(epochs=12).history_
    assert history.test_accuracy.shape == (12, 1)
    assert history.test_accuracy.values[-1] > 0.95
    assert (history.seconds > 0).all()


def test_trials_are_fresh_in_every_epoch(monkeypatch):
    """None is shown twice, and none that is tested was learnt."""
    drawn, sample = [], DotMotion.sample
    monkeypatch.setattr(DotMotion, "sample", lambda task, n, seed: drawn.append(sample(task, n, seed)) or drawn[-1])
    trained(epochs=3)
    assert [len(t.y) for t in drawn] == [40, 100] * 3
    rows = np.concatenate([t.X for t in drawn])
    assert len(np.unique(rows, axis=0)) == len(rows)


def test_the_same_seed_gives_the_same_network():
    assert_same_weights(trained(), trained())
    other = trained(classifier(random_state=2))
    assert (other.weights_["image -> V1.RI"] != trained().weights_["image -> V1.RI"]).any()


@pytest.mark.parametrize("stored", [False, True])
def test_going_on_is_as_if_never_stopped(stored, tmp_path):
    model = trained(epochs=2)
    if stored:
        model.save(tmp_path / "model.nc")
        model = CorticalClassifier.load(tmp_path / "model.nc")
    model, whole = trained(model, epochs=2), trained(epochs=4)
    assert_same_weights(model, whole)
    assert model.n_iter_ == 4
    np.testing.assert_array_equal(model.history_.test_accuracy, whole.history_.test_accuracy)


def test_snapshots_are_experiments_at_their_epochs():
    """Training goes on as if nobody had looked; the probability of the right choice rises."""
    model = trained(epochs=6, snapshots=[1, 6], probe=PROBE)
    assert_same_weights(model, trained(epochs=6))
    snapshots = model.snapshots_
    assert np.unique(snapshots.epoch, return_counts=True)[1].tolist() == [30, 30]
    early, late = (snapshots.isel(trial=(snapshots.epoch == e) & (snapshots.level == 40)) for e in (1, 6))
    assert late.p_right.mean() > early.p_right.mean() + 0.02
    now = experiment(model, TASK, seed=snapshots.attrs.get("experiment_seed", 0), **PROBE)
    assert late.p_right.mean() == pytest.approx(float(now.p_right[now.level == 40].mean()), abs=0.05)


def test_snapshots_of_a_training_that_goes_on_are_kept_together():
    model = trained(trained(snapshots=[2], probe=PROBE), snapshots=[3], probe=PROBE)
    assert np.unique(model.snapshots_.epoch).tolist() == [2, 3]
    assert join([model.snapshots_]).attrs["task_name"] == "motion"


def test_without_a_model_it_is_the_network_of_the_appendix():
    task = GaborOrientation(size=8, frequency=0.25)
    model = train(task, epochs=1, trials=2, test_trials=2, device="runtime", progress=False)
    assert (model.batch_size, model.seed_, model.rule) == (1, 0, PUBLISHED_RULE)
    assert model.layout_ == two_choice(task)
    assert [a.size for a in model.layout_.areas] == [256, 256]
    rule = model.rule
    assert (rule.steps, rule.error, rule.learning_rate, rule.recurrent_plasticity) == ((8, 4), "EPE", 0.02, 1e-4)


@pytest.mark.parametrize("frames", [5, 8])
def test_a_frame_lasts_one_step_of_the_membrane(frames):
    task = DotMotion(frames=frames, channels=6)
    model = train(task, epochs=1, trials=2, batch_size=2, test_trials=2, progress=False)
    (shown,) = model.layout_.inputs
    assert (shown.size, shown.frames, model.dt_ms) == (6, frames, 10 / frames)
    assert model.rule == dataclasses.replace(PUBLISHED_RULE, steps=(1, 1), error="STE")
    line = timeline(model.layout_, model.rule, dt_ms=model.dt_ms)
    again = {3 * frames + 1 + k: k for k in range(frames)}  # after two areas, the output, and one area that learnt
    assert line.frames == {"image": {k: k for k in range(frames)} | again}


def test_areas_integrate_a_stream():
    """No observer of one frame gets that far."""
    task = DotMotion(noise=2)
    model = train(task, epochs=5, batch_size=20, progress=False)
    accuracy = model.history_.test_accuracy.values[-1, 0]
    one, all_frames = (norm.cdf(t.dprime([50])[0] / 2) for t in (task.replace(frames=1), task))
    assert one < 0.77
    assert 0.9 < accuracy < all_frames + 0.01


def test_the_layout_file_declares_the_same_network():
    assert model_file.layout() == two_choice(GaborOrientation())
    assert model_file.layout(input=9, block=3) == two_choice(GaborOrientation(size=3, frequency=0.4), block=3)


def test_a_layout_learns_by_the_rule_for():
    model = train(TASK, LAYOUT, epochs=1, trials=4, batch_size=4, test_trials=2, device="runtime", random_state=5)
    assert (model.layout, model.rule, model.batch_size, model.seed_) == (LAYOUT, PUBLISHED_RULE, 4, 5)


@pytest.mark.parametrize(
    ("error", "message", "settings"),
    [
        (SettingError, r"epochs: must be an integer >= 1 \(got 0\)", {"epochs": 0}),
        (SettingError, r"batch_size: is a setting of the classifier \(got 5\)\n  set it there", {"batch_size": 5}),
        (SettingError, r"snapshots: must be epochs of this training, 1 to 2 \(got 3\)", {"snapshots": [1, 3]}),
        (SettingError, r"model: must be a Layout or a CorticalClassifier \(got Normal", {"model": Normal(1)}),
        (SettingError, r"rule: is a setting of the classifier", {"rule": RULE}),
        (SettingError, r"probe: must be keywords of experiment \(got \[5\]\)", {"probe": [5]}),
        (
            SettingError,
            r"probe: is no keyword of experiment \(got 'trails'\)\n  did you mean 'trials'",
            {"probe": {"trails": 9}},
        ),
        (SettingError, r"choice: must be one of .*got 'foo'", {"probe": {"choice": "foo"}, "snapshots": [2]}),
        (DataError, r"experiment: levels must be finite", {"probe": {"levels": [101]}, "snapshots": [2]}),
        (DataError, r"X must have 4 columns", {"model": classifier().set_params(layout=hierarchy(1, 4, 2, 2))}),
    ],
)
def test_mistakes(error, message, settings):
    with pytest.raises(error, match=message):
        trained(**settings)


@pytest.mark.parametrize("kind", [lambda layout: layout, CorticalClassifier])
def test_a_network_of_ten_choices_is_refused(kind, monkeypatch):
    """Before it learns anything."""
    monkeypatch.setattr(DotMotion, "sample", lambda *_: pytest.fail("trials were drawn"))
    message = r"model: must have 2 output nodes, one for each choice \(got 10\)\n  declare Output\('choice', 2\)"
    with pytest.raises(DataError, match=message):
        train(TASK, kind(hierarchy(1, 8, 10, 2)), progress=False)


def test_a_network_that_learnt_ten_labels_is_told_what_it_lacks():
    model = CorticalClassifier(hierarchy(1, 8, 10, 2), RULE, epochs=1, progress=False)
    shown = TASK.sample(20, 0)
    with pytest.raises(DataError, match=r"model: must have learnt .*\n  give the network two choices, Output"):
        experiment(model.fit(shown.X, shown.y), TASK)


@pytest.mark.parametrize("source", [np.random.default_rng, np.random.RandomState, lambda _: None])
@pytest.mark.parametrize("of", ["train", "classifier"])
def test_one_seed_for_weights_and_trials(source, of, monkeypatch):
    """That which is stored with the weights gives the trials again."""
    drawn, sample = [], DotMotion.sample
    monkeypatch.setattr(DotMotion, "sample", lambda task, n, seed: drawn.append(seed) or sample(task, n, seed))
    given = source(3)
    own = {"model": LAYOUT, "random_state": given, "rule": RULE, "batch_size": 10}
    model = trained(**own) if of == "train" else trained(classifier(random_state=given))
    first = list(drawn)
    again = trained(classifier(random_state=model.seed_))
    assert drawn[len(first) :] == first
    assert_same_weights(model, again)
    assert of == "train" or model.random_state is given


def test_a_rule_of_ones_own():
    model = trained(model=LAYOUT, rule=RULE, batch_size=10)
    assert model.rule == RULE


def test_a_task_is_no_name():
    with pytest.raises(SettingError, match=r"task: must be a TwoAlternative \(got 'gabor'\)"):
        train("gabor")
