"""Settings of the learning rule and its optimisers: what is refused, and in which words."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from neuroap.errors import RuleError
from neuroap.rules import OPTIMIZERS, SGD, Adam, AdjointPropagation

NUMBERS = ("beta", "learning_rate", "recurrent_plasticity", "weight_decay")
MISTAKES: list[tuple[dict[str, Any], str, str]] = [
    *(
        ({"steps": steps}, f"steps: must be two positive integers (got {steps!r})", "for example steps=(8, 8)")
        for steps in ((8,), (8, 0), (8, 8, 8), (8.0, 8), (True, 8), 8, "88", (-1, 3), None)
    ),
    ({"error": "ste"}, "error: must be one of ('STE', 'EPE') (got 'ste')", "did you mean 'STE'?"),
    ({"error": None}, "error: must be one of ('STE', 'EPE') (got None)", "known: 'STE', 'EPE'"),
    (
        {"schedule": "concurent"},
        "schedule: must be one of ('sequential', 'concurrent') (got 'concurent')",
        "did you mean 'concurrent'?",
    ),
    ({"optimizer": "adm"}, "optimizer: must be one of ('sgd', 'adam') (got 'adm')", "did you mean 'adam'?"),
    ({"optimizer": Adam}, f"optimizer: must be Adam() or SGD() (got {Adam!r})", ""),
    ({"optimizer": None}, "optimizer: must be Adam() or SGD() (got None)", ""),
    *(
        (
            {"learning_rate_decay": value},
            f"learning_rate_decay: must lie in (0, 1] (got {value!r})",
            "1 keeps the learning rate, 0.9 takes a tenth of it off after each epoch",
        )
        for value in (0, 1.1, -0.5, float("nan"), "1", None, True)
    ),
    *(
        ({name: value}, f"{name}: must be a number >= 0 (got {value!r})", "")
        for name in NUMBERS
        for value in (-0.1, float("nan"), float("inf"), "1", None, True)
    ),
    (
        {"derivative": True, "plasticity": "dw = -phase*r_pre*e_post"},
        "derivative: belongs to the default plasticity (got True)",
        "write gain_post into the plasticity text instead",
    ),
]


@pytest.mark.parametrize(("settings", "line", "hint"), MISTAKES, ids=[str(m[0]) for m in MISTAKES])
def test_a_setting_out_of_range_is_refused(settings: dict[str, Any], line: str, hint: str) -> None:
    """``AdjointPropagation.setting: rule broken (got value)``."""
    with pytest.raises(RuleError, match=r"^AdjointPropagation\.") as caught:
        AdjointPropagation(**settings)
    lines = str(caught.value).splitlines()
    assert lines[0] == f"AdjointPropagation.{line}"
    assert "".join(lines[1:]).startswith(f"  {hint}" if hint else "")
    assert len(lines) == 1 + bool(hint)


def test_plasticity_is_read_when_the_rule_is_made() -> None:
    """Not first when a network is built."""
    with pytest.raises(RuleError, match=r"^plasticity: name 'u_post' is not local to the synapse"):
        AdjointPropagation(plasticity="dw = phase*r_pre*u_post")


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"beta1": 1.0}, "Adam.beta1: must lie in [0, 1) (got 1.0)"),
        ({"beta1": -0.1}, "Adam.beta1: must lie in [0, 1) (got -0.1)"),
        ({"beta2": 1.5}, "Adam.beta2: must lie in [0, 1) (got 1.5)"),
        ({"beta2": float("nan")}, "Adam.beta2: must lie in [0, 1) (got nan)"),
        ({"epsilon": 0.0}, "Adam.epsilon: must be positive (got 0.0)"),
        ({"epsilon": -1e-8}, "Adam.epsilon: must be positive (got -1e-08)"),
        ({"epsilon": float("nan")}, "Adam.epsilon: must be positive (got nan)"),
    ],
)
def test_constants_of_adam_out_of_range_are_refused(settings: dict[str, float], line: str) -> None:
    """One line says it all."""
    with pytest.raises(RuleError, match=r"^Adam\.") as caught:
        Adam(**settings)
    assert str(caught.value) == line


def test_defaults_are_the_published_ones() -> None:
    """Eqs. 1 and 2 with Adam; spec.md, sections 3 and 4."""
    rule = AdjointPropagation()
    assert (rule.steps, rule.error, rule.beta, rule.learning_rate) == ((8, 8), "STE", 1.0, 1e-3)
    assert rule.optimizer == Adam(0.9, 0.999, 1e-8)
    assert (rule.recurrent_plasticity, rule.bias_plasticity, rule.weight_decay) == (0.0, False, 0.0)
    assert rule.learning_rate_decay == 1.0
    assert rule.plasticity_text == "dw = -phase*r_pre*e_post"
    assert AdjointPropagation(derivative=True).plasticity_text == "dw = -phase*r_pre*e_post*gain_post"


def test_rules_are_values() -> None:
    """Equal settings make equal, hashable, unchangeable rules, whose repr gives them back."""
    rule = AdjointPropagation(steps=[4, 2], optimizer="sgd")  # type: ignore[arg-type]
    assert rule == AdjointPropagation(steps=(4, 2), optimizer=SGD())
    assert hash(rule) == hash(AdjointPropagation(steps=(4, 2), optimizer=SGD()))
    assert eval(repr(rule)) == rule
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'beta'"):
        rule.beta = 2.0  # type: ignore[misc]


def test_the_learning_rate_after_epochs() -> None:
    """eta decay^k; all else stays, and so does the rule itself."""
    rule = AdjointPropagation(learning_rate=0.08, learning_rate_decay=np.float32(0.5), beta=0.5)
    assert [rule.after(k).learning_rate for k in range(4)] == [0.08, 0.04, 0.02, 0.01]
    assert dataclasses.replace(rule.after(3), learning_rate=0.08) == rule
    assert type(rule.learning_rate_decay) is float


def test_steps_of_numpy_are_taken() -> None:
    """Sweeps give NumPy's integers and floats."""
    rule = AdjointPropagation(steps=tuple(np.array([4, 2])), beta=np.float64(0.5), learning_rate=np.float32(0.5))
    assert rule.steps == (4, 2)
    assert rule.beta == 0.5


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_optimisers_by_name(kind: str) -> None:
    """Every registered optimiser can be named, and declares the state and constants that its text uses."""
    optimizer = AdjointPropagation(optimizer=kind).optimizer  # type: ignore[arg-type]
    assert isinstance(optimizer, OPTIMIZERS[kind])
    values = {"g": 0.5, "k": 1, "sqrt": np.sqrt, **dict.fromkeys(optimizer.states, 0.0), **optimizer.constants}
    exec(optimizer.text, values)
    assert values["step"] == pytest.approx(0.5 if kind == "sgd" else 1.0, rel=1e-6)
