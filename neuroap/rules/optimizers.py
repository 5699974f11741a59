"""Optimisers as synaptic update text: from the gradient g of a synapse to its step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from neuroap.errors import RuleError


@dataclass(frozen=True)
class SGD:
    """Plain gradient descent: the step is the gradient."""

    kind: ClassVar[str] = "sgd"
    states: ClassVar[tuple[str, ...]] = ()
    text: ClassVar[str] = "step = g"

    @property
    def constants(self) -> dict[str, float]:
        """Names and values that the text uses."""
        return {}


@dataclass(frozen=True)
class Adam:
    """Adam (Kingma & Ba 2015, arXiv 1412.6980), with one step counter k per task.

    ``m = beta1 m + (1 - beta1) g``, ``v = beta2 v + (1 - beta2) g^2``,
    ``step = (m / (1 - beta1^k)) / (sqrt(v / (1 - beta2^k)) + epsilon)``.
    """

    kind: ClassVar[str] = "adam"
    states: ClassVar[tuple[str, ...]] = ("m", "v")
    text: ClassVar[str] = """\
m = beta1*m + (1 - beta1)*g
v = beta2*v + (1 - beta2)*g*g
step = (m/(1 - beta1**k)) / (sqrt(v/(1 - beta2**k)) + epsilon)"""

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        for name in ("beta1", "beta2"):
            if not 0 <= getattr(self, name) < 1:
                raise RuleError(f"Adam.{name}", "must lie in [0, 1)", getattr(self, name))
        if not self.epsilon > 0:
            raise RuleError("Adam.epsilon", "must be positive", self.epsilon)

    @property
    def constants(self) -> dict[str, float]:
        """Names and values that the text uses."""
        return {"beta1": self.beta1, "beta2": self.beta2, "epsilon": self.epsilon}


Optimizer = SGD | Adam
OPTIMIZERS: dict[str, type[SGD] | type[Adam]] = {c.kind: c for c in (SGD, Adam)}
