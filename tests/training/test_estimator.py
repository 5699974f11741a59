"""The estimator on one task: it learns, it repeats itself, and it keeps to scikit-learn's conventions."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from training.small import LAYOUT, RULE, assert_same_bits, copy_of_fitted, digits, fitted, model, trials, unseen

from neuroap import (
    SGD,
    AdjointPropagation,
    CorticalClassifier,
    Input,
    Layout,
    Output,
    draw_weights,
    hierarchy,
    inference,
)
from neuroap.errors import LayoutError


def test_learns_the_digits() -> None:
    """Eight epochs of real images: far above the 10% of chance, on trials that it has not seen."""
    images = digits()
    study = model(hierarchy(2, 64, 10, 32), epochs=8, batch_size=100)
    study.fit(images.X_train, images.y_train)
    assert study.score(images.X_test, images.y_test) > 0.85  # 0.90; 0.10 before training
    assert study.history_.loss.values[0] > 2 * study.history_.loss.values[-1]


def test_without_a_layout_two_areas_fit_the_data() -> None:
    study = CorticalClassifier(epochs=1, progress=False).fit(*trials(40))
    assert study.layout_ == hierarchy(areas=2, input=64, output=10, block=64)
    assert study.layout is None
    assert study.learner_.rule == AdjointPropagation()
    assert study.n_features_in_ == 64


@pytest.mark.parametrize(("trials_in_all", "batch"), [(40, 2), (41, 3), (5, 1), (1437, 72)])
def test_automatic_batches_give_20_updates_an_epoch(trials_in_all: int, batch: int) -> None:
    study = model(batch_size="auto", epochs=1).fit(*trials(trials_in_all))
    assert study.learner_.trials == batch
    assert study.learner_.states["task"].updates == -(-trials_in_all // batch)


def test_automatic_batches_hold_500_at_most() -> None:
    study = model(hierarchy(1, 1, 2, 1), batch_size="auto", epochs=1)
    study.fit(np.zeros((20_000, 1)), np.arange(20_000) % 2)
    assert study.learner_.trials == 500


def test_same_seed_same_bits() -> None:
    assert_same_bits(fitted(), model(random_state=0).fit(*trials(), test=unseen()))


def test_fitting_again_begins_afresh() -> None:
    assert_same_bits(fitted(), copy_of_fitted().fit(*trials(), test=unseen()))


@pytest.mark.parametrize("changed", [{"random_state": 4}, {"shuffle": False}, {"batch_size": 49}, {"dtype": "float64"}])
def test_other_settings_other_bits(changed: dict[str, object]) -> None:
    other = model(**changed).fit(*trials())
    for name in ("image -> V1.RI", "V1.SI -> choice"):
        assert fitted().weights_[name].tobytes() != other.weights_[name].tobytes()


def test_any_random_state_becomes_one_seed() -> None:
    """A generator is asked for one integer, which alone decides about the run."""
    study = model(random_state=np.random.default_rng(7), epochs=1).fit(*trials())
    assert study.seed_ == np.random.default_rng(7).integers(2**31)
    assert_same_bits(study, model(random_state=study.seed_, epochs=1).fit(*trials()))


def test_initial_weights_are_those_of_the_seed() -> None:
    """With a learning rate of zero, training gives back what `draw_weights` draws."""
    study = model(rule=AdjointPropagation(steps=(2, 2), learning_rate=0), dtype="float64", random_state=5, epochs=1)
    study.fit(*trials())
    drawn = draw_weights(LAYOUT, 5)
    assert study.weights_.keys() == drawn.keys()
    for name, weights in drawn.items():
        np.testing.assert_array_equal(study.weights_[name], weights, err_msg=name)


def test_without_areas_it_is_softmax_regression() -> None:
    """One update by gradient descent: dW = - x.T (softmax(x W + b) - target) / B."""
    layout = Layout(Input("image", 64), Output("digit", 10), inference("image", "digit"))
    study = model(layout, AdjointPropagation(optimizer=SGD(), learning_rate=0.5), epochs=1, dtype="float64")
    x, y = trials(50)
    drawn = draw_weights(layout, 0)
    rates = np.exp(x @ drawn["image -> digit"] + drawn["digit.bias"])
    rates /= rates.sum(axis=1, keepdims=True)
    expected = drawn["image -> digit"] - 0.5 * x.T @ (rates - np.eye(10)[y]) / 50
    np.testing.assert_allclose(study.fit(x, y).weights_["image -> digit"], expected, rtol=0, atol=1e-12)
    with pytest.raises(LayoutError, match="record: there are no areas whose rates could be recorded"):
        study.record(x, y)


def test_history_agrees_with_what_the_model_says() -> None:
    """Names, units and long names; the last test accuracy is that of `score`, the first loss that of chance."""
    study = fitted()
    history = study.history_
    assert dict(history.sizes) == {"epoch": 3, "task": 1}
    assert history.epoch.values.tolist() == [1, 2, 3]
    assert history.task.values.tolist() == ["task"]
    units = {name: (array.dims, array.attrs["units"]) for name, array in history.data_vars.items()}
    by_task = ("epoch", "task")
    assert units == {
        "loss": (by_task, "nats"),
        "train_accuracy": (by_task, "1"),
        "test_accuracy": (by_task, "1"),
        "seconds": (("epoch",), "s"),
    }
    assert all(array.attrs["long_name"] for array in history.data_vars.values())
    assert history.test_accuracy.values[-1, 0] == study.score(*unseen())
    assert history.loss.values[0, 0] == pytest.approx(np.log(10), rel=0.05)
    assert ((history.train_accuracy >= 0) & (history.train_accuracy <= 1)).all()
    assert (history.seconds > 0).all()
    assert study.n_iter_ == 3


def test_training_accuracy_and_loss_are_those_of_the_trials_as_shown() -> None:
    """One batch per epoch: what is shown in epoch 2 is answered with the weights after epoch 1."""
    x, y = trials(50)
    first = model(epochs=1, dtype="float64").fit(x, y)
    history = model(epochs=2, dtype="float64").fit(x, y).history_
    likelihood = first.predict_proba(x)[np.arange(50), y]
    assert history.loss.values[1, 0] == pytest.approx(-np.log(likelihood).mean(), rel=1e-12)
    assert history.train_accuracy.values[1, 0] == first.score(x, y)


def test_tests_do_not_change_the_training() -> None:
    with_tests, without = fitted(), model().fit(*trials())
    assert np.isnan(without.history_.test_accuracy).all()
    assert with_tests.history_.loss.equals(without.history_.loss)
    for name, weights in without.weights_.items():
        np.testing.assert_array_equal(with_tests.weights_[name], weights)


def test_stops_early() -> None:
    """Training ends with the first epoch that reaches the accuracy."""
    study = model(hierarchy(2, 64, 10, 32), epochs=50, stop_at=0.5).fit(*trials(400))
    accuracy = study.history_.train_accuracy.values[:, 0]
    assert 1 < study.n_iter_ < 50
    assert accuracy[-1] >= 0.5
    assert (accuracy[:-1] < 0.5).all()


def test_partial_fit_is_one_epoch_in_the_order_given() -> None:
    passes = model(shuffle=True)
    for _ in range(2):
        passes.partial_fit(*trials())
    whole = model(shuffle=False, epochs=2).fit(*trials())
    for name, weights in whole.weights_.items():
        np.testing.assert_array_equal(passes.weights_[name], weights)
    assert passes.learner_.states["task"].updates == whole.learner_.states["task"].updates == 8
    assert passes.n_iter_ == 0
    assert passes.history_.sizes["epoch"] == 0


def test_partial_fit_goes_on_where_fit_ended() -> None:
    study, longer = model(shuffle=False, epochs=2), model(shuffle=False, epochs=3).fit(*trials())
    study.fit(*trials()).partial_fit(*trials())
    for name, weights in longer.weights_.items():
        np.testing.assert_array_equal(study.weights_[name], weights)
    assert study.n_iter_ == 2


def test_partial_fit_takes_classes_that_come_later() -> None:
    x, y = trials(100)
    names = np.array([f"digit {k}" for k in range(10)])
    study = model().partial_fit(x[:10], names[y[:10]], classes=names).partial_fit(x[10:], names[y[10:]])
    assert study.classes_.tolist() == names.tolist()
    assert set(study.predict(x)) <= set(names)


def test_probabilities_sum_to_one() -> None:
    study = fitted()
    rates = study.predict_proba(unseen()[0])
    assert rates.shape == (100, 10)
    assert (rates > 0).all()
    np.testing.assert_allclose(rates.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(study.predict(unseen()[0]), rates.argmax(axis=1))


def test_labels_may_be_names() -> None:
    """The same training under other names: sorted names stand for the output nodes in that order."""
    x, y = trials()
    names = np.array(list("abcdefghij"))
    numbers, named = fitted(), model().fit(x, names[y])
    assert named.classes_.tolist() == names.tolist()
    np.testing.assert_array_equal(named.predict(x), names[numbers.predict(x)])
    assert named.score(x, names[y]) == numbers.score(x, y)


def test_fewer_names_than_output_nodes() -> None:
    """The nodes that stand for no class have no probability."""
    x, y = trials()
    names = np.array(["even", "odd"])
    study = model(epochs=1).fit(x, names[y % 2])
    rates = study.predict_proba(x)
    assert rates.shape == (200, 2)
    np.testing.assert_allclose(rates.sum(axis=1), 1, rtol=1e-6)
    assert set(study.predict(x)) <= set(names)


def test_integers_are_the_output_nodes_themselves() -> None:
    """Classes that do not occur in y keep their nodes."""
    x, y = trials()
    study = model(epochs=1).fit(x[y < 4], y[y < 4])
    assert study.classes_.tolist() == list(range(10))
    assert study.predict_proba(x).shape == (200, 10)


def test_score_weights_trials() -> None:
    study = fitted()
    x, y = unseen()
    right = study.predict(x) == y
    weights = np.arange(100) % 7 + 1.0
    assert study.score(x, y, sample_weight=weights) == pytest.approx(np.average(right, weights=weights))


@pytest.mark.filterwarnings("ignore:A column-vector y was passed")
def test_score_of_a_column_of_labels() -> None:
    """Not the comparison of every prediction with every label."""
    x, _ = unseen()
    y = fitted().predict(x)
    y[:25] = (y[:25] + 1) % 10
    assert fitted().score(x, y[:, None]) == fitted().score(x, y) == 0.75


def test_answers_only_once_fitted() -> None:
    with pytest.raises(NotFittedError, match="This CorticalClassifier instance is not fitted yet"):
        model().predict(trials()[0])


def test_pickle_round_trip() -> None:
    """A pickled model answers and goes on learning as the original does."""
    copy, other = copy_of_fitted(), pickle.loads(pickle.dumps(fitted()))
    assert_same_bits(fitted(), copy)
    np.testing.assert_array_equal(copy.predict_proba(unseen()[0]), fitted().predict_proba(unseen()[0]))
    assert_same_bits(copy.partial_fit(*trials()), other.partial_fit(*trials()))


def test_clone_copies_settings_only() -> None:
    copy = clone(fitted())
    assert copy.get_params() == fitted().get_params()
    assert not hasattr(copy, "weights_")


def test_parameters_can_be_read_and_set() -> None:
    study = model()
    assert study.get_params()["layout"] is LAYOUT
    assert study.get_params()["rule"] is RULE
    assert study.set_params(epochs=2, stop_at=0.3).epochs == 2
    assert study.get_params()["stop_at"] == 0.3
    with pytest.raises(ValueError, match="Invalid parameter 'epoch' for estimator CorticalClassifier"):
        study.set_params(epoch=2)
