"""One family of errors: where, which rule is broken, what was got, what to do."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


class NeuroapError(Exception):
    """Base of every error that neuroap raises on purpose.

    The first line reads ``where: rule (got value)``; the lines below say what to do.

    Parameters
    ----------
    where : str
        The object and the argument at fault, for example ``"Area.blocks"``.
    rule : str
        The rule that is broken.
    got : object, optional
        The offending value; shown with ``repr``.
    hint : str, optional
        What to do about it.
    """

    def __init__(self, where: str, rule: str, got: object = ..., hint: str = "") -> None:
        self.where, self.rule, self.got, self.hint = where, rule, got, hint
        shown = "" if got is ... else f" (got {got!r})"
        super().__init__(f"{where}: {rule}{shown}" + (f"\n  {hint}" if hint else ""))

    def __reduce__(self) -> tuple[type, tuple[str, str, object, str]]:
        return type(self), (self.where, self.rule, self.got, self.hint)


class LayoutError(NeuroapError, ValueError):
    """A layout that contradicts itself."""


class RuleError(NeuroapError, ValueError):
    """A learning rule that is not local, or not computable."""


class EquationsError(NeuroapError, ValueError):
    """Area equations that Brian2 cannot take, or that miss a name that neuroap needs."""


class DataError(NeuroapError, ValueError):
    """Stimuli, labels or data files that do not fit."""


class DataTypeError(DataError, TypeError):
    """Stimuli or labels of a type that holds no numbers at all."""


class SettingError(NeuroapError, ValueError):
    """A setting of an estimator or a command that is out of range."""


class CheckpointError(NeuroapError, ValueError):
    """A checkpoint that cannot be written, or one that is damaged or foreign."""


class TraceError(NeuroapError, ValueError):
    """A reference trace that cannot be replayed."""


class DeviceError(NeuroapError, RuntimeError):
    """A device that this machine lacks, a program that cannot be built, or one that failed."""


class DivergenceError(NeuroapError, ArithmeticError):
    """Rates or weights that became infinite or NaN during training."""


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """Say which known name is near `name`, or list them all."""
    names = [str(k) for k in known]
    lower = {k.lower(): k for k in names}
    near = difflib.get_close_matches(str(name).lower(), lower, n=1, cutoff=0.5)
    if near:
        return f"did you mean {lower[near[0]]!r}?"
    return f"known: {', '.join(map(repr, names))}" if names else "none is declared"


def user_line() -> str:
    """Return ``file:line`` of the innermost frame outside the package (the user's own line)."""
    frame = sys._getframe(1)
    while frame is not None:
        filename = frame.f_code.co_filename
        # Code of dataclasses has the name "<string>", and so has `python -c`, which has no lines to show.
        if filename != "<string>" and PACKAGE not in Path(filename).parents:
            return f"{Path(filename).name}:{frame.f_lineno}"
        frame = frame.f_back  # type: ignore[assignment]
    return ""
