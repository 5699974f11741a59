"""Plasticity text becomes products that add up to what the text says, or an error that says why not."""

from __future__ import annotations

import numpy as np
import pytest

from neuroap.errors import RuleError
from neuroap.rules import Correlation, correlations

FUNCTIONS = {n: getattr(np, n) for n in ("tanh", "exp", "log", "sqrt", "sin", "cos", "abs")}
TEXTS = [
    "dw = -phase*r_pre*e_post",
    "dw = (2*phase - 1)*r_pre*r_post",
    "dw = phase*r_pre*(r_post - 3) + (1 - phase)*r_post**2",
    "dw = -phase*r_pre*e_post*gain_post",
    "dw = -phase*r_pre*e_post - 0.01*phase*w",
    "dw = phase*(r_pre*r_post - w*r_post**2)",
    "dw = phase*(r_pre - w)*r_post",
    "dw = phase*(r_pre - r_post)**2",
    "dw = (r_pre + 2)*(r_post - 1)*(w + 3)/4",
    "dw = phase*tanh(r_pre)*exp(-e_post)*sqrt(w**2)",
    "dw = phase*exp(r_pre + e_post - w)",
    "dw = phase*e_pre*r_post - phase*e_post*r_pre",
    "dw = phase*e_post",
    "dw = phase*r_pre",
    "dw = -phase*(r_pre - 0.6*rest_pre)*e_post",
    "dw = phase*w**3",
    "dw = phase/2 - 0.1",
    "dw = phase*cos(1)*sqrt(r_pre**2)*e_post*exp(1)",
    "dw = cos(phase)*r_pre*r_post",
    "dw = -phase*(r_pre*e_post)**2",
    "dw = phase*sin(3*r_post)*log(r_pre**2 + 1)",
    "dw = +r_pre*(-r_post)*1e-3",
    "dw = w",
    "dw = 0",
    " dw=phase*r_pre*e_post  # a comment ",
]


def local_values(seed: int) -> dict[str, float]:
    """What one synapse sees, in both phases."""
    rng = np.random.default_rng(seed)
    names = ("r_pre", "e_pre", "rest_pre", "e_post", "gain_post", "w", "r_post_inference", "r_post_learning")
    return {name: rng.uniform(-1, 1) for name in names}


def says(text: str, values: dict[str, float]) -> float:
    """The text, evaluated in inference and in learning, and added up."""
    expression = text.split("=", 1)[1].strip()
    phases = ({"phase": 0, "r_post": values["r_post_inference"]}, {"phase": 1, "r_post": values["r_post_learning"]})
    return sum(eval(expression, {**FUNCTIONS, **values, **phase}) for phase in phases)


def amounts_to(terms: tuple[Correlation, ...], values: dict[str, float]) -> float:
    """The products, each factor from names of its own side only."""
    post = {n: values[n] for n in ("e_post", "gain_post", "r_post_inference", "r_post_learning")}
    total = 0.0
    for term in terms:
        weight = eval(term.weight, {**FUNCTIONS, "w": values["w"]})
        pre = eval(term.pre, {**FUNCTIONS, **{n: values[n] for n in ("r_pre", "e_pre", "rest_pre")}})
        total += weight * pre * eval(term.post, {**FUNCTIONS, **post})
    return total


@pytest.mark.parametrize("text", TEXTS)
def test_the_products_add_up_to_the_text(text: str) -> None:
    """Sum over both phases, for any values; each factor knows its own neuron or synapse only."""
    for seed in range(5):
        values = local_values(seed)
        assert amounts_to(correlations(text), values) == pytest.approx(says(text, values), rel=1e-12, abs=1e-12)


def test_random_polynomials_add_up() -> None:
    """Any polynomial in local names separates."""
    rng = np.random.default_rng(1)
    for seed in range(30):
        names = ["r_pre", "e_pre*phase", "rest_pre", "r_post", "e_post*phase", "gain_post", "w", "phase", "0.5"]
        sums = [" + ".join(rng.choice(names, 2)) for _ in range(3)]
        text = f"dw = ({sums[0]})*({sums[1]}) - ({sums[2]})**2"
        values = local_values(seed)
        assert amounts_to(correlations(text), values) == pytest.approx(says(text, values), rel=1e-11, abs=1e-11), text


def test_the_default_is_one_product() -> None:
    """And so is the contrastive form of eq. 2: nothing is multiplied twice."""
    (default,) = correlations("dw = -phase*r_pre*e_post")
    assert (float(default.weight), default.pre, default.post) == (-1, "r_pre", "e_post")
    (contrast,) = correlations("dw = (2*phase - 1)*r_pre*r_post")
    assert (float(contrast.weight), contrast.pre) == (1, "r_pre")
    assert correlations("dw = r_pre*r_post - r_pre*r_post") == ()


UNDERSTOOD = "only + - * / ** and the functions tanh, exp, log, sqrt, sin, cos are understood"
# Text, rule and hint; the first line adds what was got.
MISTAKES = [
    ("dw = r_pre*u_post", "name 'u_post' is not local to the synapse", "did you mean 'r_post'?"),
    ("dw = r_pre*target", "name 'target' is not local to the synapse", "known: 'r_pre', 'e_pre', "),
    ("dw = phase*tanh", "name 'tanh' is not local to the synapse", "known: "),
    ("dw = sinh(r_pre)", "function 'sinh' is not local to the synapse", "did you mean 'sin'?"),
    ("dw = __import__('os')", "function '__import__' is not local to the synapse", "known: 'tanh', "),
    (
        "dw = phase*tanh(r_pre*e_post)",
        "tanh(e_post*r_pre) mixes e_post, r_pre and is no sum of products",
        "write it as a sum of products of a presynaptic and a postsynaptic factor",
    ),
    ("dw = phase*tanh(w*r_pre)", "tanh(r_pre*w) mixes r_pre, w and is no sum of products", "write it as"),
    ("dw = phase*r_pre**e_post", "r_pre**e_post mixes e_post, r_pre and is no sum of products", "write it as"),
    (
        "dw = r_pre*e_post",
        "errors are used outside the learning phase",
        "multiply the errors by phase: they exist at the end of the learning phase",
    ),
    ("dw = (1 - phase)*e_pre", "errors are used outside the learning phase", "multiply the errors"),
    ("dw = phase*r_pre/0", "is no finite number in every phase", ""),
    ("dw = r_pre/phase", "is no finite number in every phase", ""),
    ("dw = phase*sqrt(-1)", "is no finite number in every phase", ""),
    *((text, "must be one line 'dw = ...'", "") for text in ("dw", "", "x = r_pre", "dw += r_pre")),
    *((text, "must be one line 'dw = ...'", "") for text in ("dw = r_pre; dw = w", "dw = w = r_pre")),
    *((f"dw = {text}", UNDERSTOOD, "") for text in ("'r_pre'", "[r_pre]", "r_pre > 0", "r_pre and w", "r_pre % 2")),
    *((f"dw = {text}", UNDERSTOOD, "") for text in ("lambda: w", "~w", "2j*w", "True", "w if phase else 0")),
    *((f"dw = {text}", UNDERSTOOD, "") for text in ("tanh(x=w)", "tanh(w, w)", "tanh(w)(w)", "*w,")),
]


@pytest.mark.parametrize(("text", "rule", "hint"), MISTAKES, ids=[text or "empty" for text, _, _ in MISTAKES])
def test_text_that_is_not_local_is_refused(text: str, rule: str, hint: str) -> None:
    """The first line holds the rule and the text; the second says what to do."""
    with pytest.raises(RuleError, match=r"^plasticity: ") as caught:
        correlations(text)
    lines = str(caught.value).splitlines()
    assert lines[0] == f"plasticity: {rule} (got {text!r})"
    assert len(lines) == 1 + bool(hint)
    assert not hint or lines[1].startswith(f"  {hint}")


@pytest.mark.parametrize("part", ["r_pre.real", "r_pre[0]"])
def test_attributes_and_indices_are_not_local(part: str) -> None:
    """The part at fault is shown."""
    with pytest.raises(RuleError, match=r"^plasticity: only plain names are local to a synapse") as caught:
        correlations(f"dw = {part}*phase")
    assert str(caught.value) == f"plasticity: only plain names are local to a synapse (got {part!r})"


def test_a_syntax_error_is_named() -> None:
    """Python's own words, and the text."""
    with pytest.raises(RuleError, match="cannot be parsed") as caught:
        correlations("dw = (r_pre")
    assert str(caught.value) == "plasticity: cannot be parsed: '(' was never closed (got 'dw = (r_pre')"
