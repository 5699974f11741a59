"""Adjoint propagation: two phases in the same areas, compared by a local rule."""

from __future__ import annotations

import numbers
from dataclasses import dataclass, field, replace

from neuroap.errors import RuleError, did_you_mean
from neuroap.rules.local import Correlation, correlations
from neuroap.rules.optimizers import OPTIMIZERS, Adam, Optimizer

ERRORS = ("STE", "EPE")
SCHEDULES = ("sequential", "concurrent")
DALE = ("clip", "multiplicative")
PLASTICITY = "dw = -phase*r_pre*e_post"
PLASTICITY_WITH_GAIN = "dw = -phase*r_pre*e_post*gain_post"


@dataclass(frozen=True)
class AdjointPropagation:
    """The learning rule of Liu et al. 2026 (eqs. 1 and 2, doi 10.7554/eLife.108237).

    Inference: the areas settle under the inference drive; ``r`` is the rate at the end.
    Learning: the error ``e_out = output - target`` perturbs the areas through the error pathways
    (``- beta I_err``), they settle again, and ``e = r_inference - r_learning``.
    Plasticity: ``dW[pre, post] = - r_pre e_post``, mean over the trials of the batch.

    Parameters
    ----------
    steps : (int, int)
        Settling time of the inference and of the learning phase, in membrane time constants. With
        dt = tau (the default of the estimator) these are the iterations of the published map.
    error : {"STE", "EPE"}
        Short-trajectory error: the learning phase restarts from rest. Error-perturbed error: it
        continues from the end of the inference phase.
    beta : float
        Strength of the error drive in the learning phase.
    plasticity : str, optional
        Update text over names local to a synapse, see `neuroap.rules.correlations`; by default
        ``dw = -phase*r_pre*e_post``.
    derivative : bool
        Multiply the postsynaptic error by f'(u) at the end of inference (appendix 1).
    optimizer : Adam or SGD
        Turns the mean gradient of each weight into its step.
    learning_rate : float
        eta; the weight changes by ``- eta * step``.
    recurrent_plasticity : float
        alpha; recurrent weights that exist at the start change by ``- eta * alpha * step``; 0: fixed.
    bias_plasticity : bool
        Whether the biases of areas and outputs learn from the mean error.
    weight_decay : float
        lambda; every weight that learns also changes by ``- eta * lambda * w`` at each update, apart
        from the optimiser (decoupled, arXiv 1711.05101).
    schedule : {"sequential", "concurrent"}
        "sequential": one area after the other settles, in the order of the open pathways.
        "concurrent": all areas are live in every step and signals flow continuously.
    dale : {"clip", "multiplicative"}
        How weights that leave an area of Dale's law keep their signs (see `neuroap.Area`), s = 1 or -1:
        "clip" projects after the update, ``w <- s max(0, s (w - eta step))``; "multiplicative" changes the logarithm,
        ``w <- w exp(-eta s step / w_0)`` with the root mean square w_0 of the initial weights, so that a typical
        weight changes as much at first (exponentiated gradient, Kivinen & Warmuth 1997,
        https://doi.org/10.1006/inco.1996.2612).
    tolerance : float, optional
        A window ends before its `steps` are up, as soon as no rate of the batch changed by as much in one
        integration step (an attractor network that has settled); None: all windows have their full length.
    learning_rate_decay : float
        Factor in (0, 1] by which eta changes from epoch to epoch of a fit (where tasks are learnt one after the
        other, of each task); 1: eta stays.

    Raises
    ------
    RuleError
        A setting out of range, or plasticity text that is not local.
    """

    steps: tuple[int, int] = (8, 8)
    error: str = "STE"
    beta: float = 1.0
    plasticity: str | None = None
    derivative: bool = False
    optimizer: Optimizer = field(default_factory=Adam)
    learning_rate: float = 1e-3
    recurrent_plasticity: float = 0.0
    bias_plasticity: bool = False
    weight_decay: float = 0.0
    schedule: str = "sequential"
    dale: str = "clip"
    tolerance: float | None = None
    learning_rate_decay: float = 1.0

    def __post_init__(self) -> None:
        self._check_steps()
        _choose("error", self.error, ERRORS)
        _choose("schedule", self.schedule, SCHEDULES)
        _choose("dale", self.dale, DALE)
        if isinstance(self.optimizer, str):
            _choose("optimizer", self.optimizer, tuple(OPTIMIZERS))
            object.__setattr__(self, "optimizer", OPTIMIZERS[self.optimizer]())
        if not isinstance(self.optimizer, Optimizer):
            raise RuleError("AdjointPropagation.optimizer", "must be Adam() or SGD()", self.optimizer)
        for name in ("beta", "learning_rate", "recurrent_plasticity", "weight_decay"):
            value = getattr(self, name)
            if not (_is_number(value) and 0 <= value < float("inf")):
                raise RuleError(f"AdjointPropagation.{name}", "must be a number >= 0", value)
            object.__setattr__(self, name, float(value))  # sweeps give NumPy's
        self._check_decay()
        if self.tolerance is not None:
            if not (_is_number(self.tolerance) and 0 < self.tolerance < float("inf")):
                where = "AdjointPropagation.tolerance"
                raise RuleError(where, "must be a positive number, or None", self.tolerance, "for example 1e-4")
            object.__setattr__(self, "tolerance", float(self.tolerance))
        if self.derivative and self.plasticity is not None:
            hint = "write gain_post into the plasticity text instead"
            raise RuleError("AdjointPropagation.derivative", "belongs to the default plasticity", self.derivative, hint)
        if self.plasticity is not None:
            correlations(self.plasticity)

    def _check_steps(self) -> None:
        steps = tuple(self.steps) if isinstance(self.steps, tuple | list) else ()
        counted = all(isinstance(s, numbers.Integral) and not isinstance(s, bool) and s >= 1 for s in steps)
        if len(steps) != 2 or not counted:
            hint = "for example steps=(8, 8): inference, learning"
            raise RuleError("AdjointPropagation.steps", "must be two positive integers", self.steps, hint)
        object.__setattr__(self, "steps", tuple(map(int, steps)))

    def _check_decay(self) -> None:
        decay = self.learning_rate_decay
        if not (_is_number(decay) and 0 < decay <= 1):
            hint = "1 keeps the learning rate, 0.9 takes a tenth of it off after each epoch"
            raise RuleError("AdjointPropagation.learning_rate_decay", "must lie in (0, 1]", decay, hint)
        object.__setattr__(self, "learning_rate_decay", float(decay))

    def after(self, epochs: int) -> AdjointPropagation:
        """The rule once `epochs` epochs are over: ``eta * decay ** epochs`` is its learning rate."""
        return replace(self, learning_rate=self.learning_rate * self.learning_rate_decay**epochs)

    @property
    def plasticity_text(self) -> str:
        """The update text of a synapse."""
        return self.plasticity or (PLASTICITY_WITH_GAIN if self.derivative else PLASTICITY)

    @property
    def correlations(self) -> tuple[Correlation, ...]:
        """The products that the update text amounts to."""
        return correlations(self.plasticity_text)


def _is_number(value: object) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def _choose(name: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        where = f"AdjointPropagation.{name}"
        raise RuleError(where, f"must be one of {choices}", value, did_you_mean(str(value), choices))
