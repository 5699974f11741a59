"""Plasticity text in the network: weights change by what the text says of every synapse and trial."""

from __future__ import annotations

import numpy as np
import pytest

from neuroap.brian import CorticalNetwork
from neuroap.brian.projections import Projection
from neuroap.layout import Uniform, hierarchy
from neuroap.rules import AdjointPropagation
from neuroap.weights import draw_weights

LAYOUT = hierarchy(2, 4, 3, 3, activation="sigmoid", bias=Uniform(0.2))
WEIGHTS = draw_weights(LAYOUT, 1)
ETA, ALPHA, SHOWN = 0.1, 0.5, 3
RNG = np.random.default_rng(2)
DATA = {"task": (RNG.uniform(0, 1, (SHOWN, 4)), RNG.integers(0, 3, SHOWN))}
FUNCTIONS = {n: getattr(np, n) for n in ("tanh", "exp", "sqrt", "cos")}

TEXTS = [
    "dw = -phase*r_pre*e_post",
    "dw = (2*phase - 1)*r_pre*r_post",
    "dw = -phase*r_pre*e_post*gain_post",
    "dw = phase*(r_pre*r_post - w*r_post**2)",
    "dw = -phase*r_pre*e_post - 0.01*phase*w",
    "dw = phase*e_pre*r_post - 0.5*phase*e_post*r_pre",
    "dw = phase*tanh(r_pre)*exp(-e_post)*sqrt(w**2) + (1 - phase)*r_post/3",
    "dw = phase*r_pre",
    "dw = phase*e_post",
    "dw = -phase",
    "dw = -phase*r_pre - phase*e_pre",
    "dw = -phase*(r_pre - 0.6*rest_pre)*e_post",
    "dw = phase*tanh(r_pre - rest_pre)*e_post - phase*rest_pre*r_post*w",
    "dw = 0",
]


def learnt(text: str | None, trials: int = 5) -> CorticalNetwork:
    """The network after one update by plain gradient descent, on a batch that is not full."""
    rule = AdjointPropagation(
        (3, 2), plasticity=text, optimizer="sgd", learning_rate=ETA, recurrent_plasticity=ALPHA, bias_plasticity=True
    )
    network = CorticalNetwork(LAYOUT, rule, trials=trials, dtype="float64")
    network.load(WEIGHTS)
    network.run(DATA, learn=True)
    return network


def change(text: str, projection: Projection) -> np.ndarray:
    """The text for every trial and synapse, summed over both phases, then the mean over the trials shown."""
    post = projection.target.group
    columns = slice(projection.target.start, projection.target.stop)
    names = {"w": WEIGHTS[projection.parameter], "r_pre": 1.0, "e_pre": 0.0, "rest_pre": 0.0, **FUNCTIONS}
    if projection.source is not None:
        pre, rows = projection.source.group, slice(projection.source.start, projection.source.stop)
        rates = "r_inf" if pre.node_name in ("V1", "V2") else "r"
        names["rest_pre"] = 0.5 if pre.node_name in ("V1", "V2") else 0.0
        names |= {"r_pre": pre.array(rates)[:SHOWN, rows, None], "e_pre": pre.array("err")[:SHOWN, rows, None]}
    e, r_inf, r = (post.array(v)[:SHOWN, None, columns] for v in ("err", "r_inf", "r"))
    slope = 1.0 if post.node_name == "choice" else 2 * r_inf * (1 - r_inf)
    names |= {"e_post": e, "gain_post": slope}
    expression = text.split("=")[1].strip()
    total = sum(eval(expression, {**names, "phase": p, "r_post": rate}) for p, rate in ((0, r_inf), (1, r)))
    return np.broadcast_to(total, (SHOWN, *projection.shape)).mean(axis=0)


@pytest.mark.parametrize("text", TEXTS)
def test_weights_change_by_what_the_text_says(text: str) -> None:
    """Pathways from an input, between areas and into the output; recurrence; biases."""
    network = learnt(text)
    assert len(network.plastic) == 8
    moved = 0.0
    for name in network.plastic:
        projection = network.projections[name]
        scale = ALPHA * (WEIGHTS[name] != 0) if name.endswith(".recurrence") else 1
        expected = WEIGHTS[name] + ETA * scale * change(text, projection)
        np.testing.assert_allclose(projection.array("w"), expected, rtol=0, atol=1e-14, err_msg=name)
        moved = max(moved, np.abs(expected - WEIGHTS[name]).max())
    assert moved > 1e-4 or text == "dw = 0"


def test_a_weight_does_not_change_by_a_wrong_text() -> None:
    """The judge sees a factor of 1%."""
    projection = learnt("dw = -phase*r_pre*e_post").projections["V1.SI -> V2.RI"]
    expected = WEIGHTS["V1.SI -> V2.RI"] + ETA * change("dw = -1.01*phase*r_pre*e_post", projection)
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        np.testing.assert_allclose(projection.array("w"), expected, rtol=0, atol=1e-14)


def test_the_contrastive_form_is_the_default() -> None:
    """Eq. 2: ``-r_pre e_post = r_pre r_post(learning) - r_pre r_post(inference)``, one product each."""
    default, contrastive = (learnt(t) for t in (None, "dw = (2*phase - 1)*r_pre*r_post"))
    for name in default.plastic:
        first, second = (n.projections[name].array("w") for n in (default, contrastive))
        np.testing.assert_allclose(second, first, rtol=0, atol=1e-15)
    products = [[o.name for o in n.net.sorted_objects if "_correlate_" in o.name] for n in (default, contrastive)]
    assert len(products[0]) == len(products[1]) == len(default.plastic)


def test_the_derivative_is_written_as_text_too() -> None:
    """``derivative=True`` is the text with gain_post."""
    rule = AdjointPropagation((3, 2), derivative=True, optimizer="sgd", learning_rate=ETA)
    network = CorticalNetwork(LAYOUT, rule, trials=SHOWN, dtype="float64")
    network.load(WEIGHTS)
    network.run(DATA, learn=True)
    expected = learnt("dw = -phase*r_pre*e_post*gain_post").projections["V1.SI -> V2.RI"].array("w")
    np.testing.assert_allclose(network.projections["V1.SI -> V2.RI"].array("w"), expected, rtol=0, atol=1e-15)


def test_rates_relative_to_rest_cost_an_average_and_no_product() -> None:
    """A presynaptic factor that is a number needs no matrix product; where the rate at rest is 0, nothing at all."""
    text = "dw = -phase*(r_pre - 0.6*rest_pre)*e_post"
    for layout, products, averages in ((LAYOUT, 5, 4), (hierarchy(2, 4, 3, 3), 5, 0)):
        rule = AdjointPropagation(plasticity=text, recurrent_plasticity=ALPHA)
        runners = [o for o in CorticalNetwork(layout, rule).net.sorted_objects if "_correlate_" in o.name]
        kinds = [o.template for o in runners]
        assert (kinds.count("ap_correlate"), kinds.count("ap_average")) == (products, averages)
