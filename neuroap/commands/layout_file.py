"""Layout files: TOML, or Python with a function ``layout``, and whose fault it is if they fail."""

from __future__ import annotations

import inspect
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from neuroap.commands import load
from neuroap.errors import LayoutError, NeuroapError, SettingError, did_you_mean
from neuroap.rules import AdjointPropagation

if TYPE_CHECKING:
    from neuroap.layout import Layout

SUFFIXES = (".py", ".toml")
# Sizes for a function that wants them, where no data say them: those of MNIST.
USUAL = {"input": 784, "output": 10}


class LayoutFile:
    """A file that declares a layout.

    Parameters
    ----------
    path : str or Path
        A ``.toml`` file as `Layout.to_toml` writes it, or a ``.py`` file with a function ``layout``.

    Raises
    ------
    LayoutError
        A file that is missing, that fails when it is run, or that has no such function.

    Attributes
    ----------
    rule : AdjointPropagation
        How the layout learns: ``RULE`` of a ``.py`` file that has one, else the published rule.
    declares_rule : bool
        Whether the file has such a ``RULE``.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not self.path.is_file():
            raise LayoutError(str(path), "there is no such layout file", hint=_siblings(self.path))
        if self.path.suffix not in SUFFIXES:
            raise LayoutError(str(path), "a layout file must end in .py or .toml", self.path.suffix)
        self._module = _run(self.path) if self.path.suffix == ".py" else None
        self._function = None if self._module is None else _layout_function(self._module, self.path)
        self.rule = _rule(self._module, self.path)
        self.declares_rule = getattr(self._module, "RULE", None) is not None

    def declare(
        self, input: int | None = None, output: int | None = None, block: int | None = None, frames: int | None = None
    ) -> Layout:
        """Declare the layout, of the sizes given where the file takes them.

        Parameters
        ----------
        input, output : int, optional
            Numbers of input and output nodes that the data ask for.
        block : int, optional
            Neurons per block.
        frames : int, optional
            Frames of a stimulus that changes.

        Raises
        ------
        LayoutError
            If the file declares no layout, or a wrong one, or one frame where there are more; the message names
            file and line.
        SettingError
            If `block` is given to a file that does not take it.
        """
        if self._function is None:
            self._refuse(block, "the sizes in a .toml file are fixed")
            layout: Layout = load("neuroap.layout").Layout.from_toml(self.path)
            return layout
        sizes = {"input": input, "output": output, "block": block, "frames": frames if frames != 1 else None}
        return self._call(self._function, sizes)

    def _call(self, function: Callable[..., Any], sizes: dict[str, int | None]) -> Layout:
        parameters = inspect.signature(function).parameters
        takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
        if "block" not in parameters and not takes_any:
            self._refuse(sizes["block"], "the function layout() takes no 'block'")
        if sizes["frames"] and "frames" not in parameters and not takes_any:
            hint = "give it an argument frames=1, for Input(name, size, frames)"
            raise LayoutError(str(self.path), "the function layout() takes no 'frames'", sizes["frames"], hint)
        given = {n: v for n, v in sizes.items() if v is not None and (n in parameters or takes_any)}
        for name, usual in USUAL.items():
            if name in parameters and parameters[name].default is inspect.Parameter.empty:
                given.setdefault(name, usual)
        with _blaming(self.path):
            layout = function(**given)
        if not isinstance(layout, load("neuroap.layout").Layout):
            raise LayoutError(str(self.path), "the function layout() must return a Layout", layout)
        return layout

    def _refuse(self, block: int | None, reason: str) -> None:
        if block is not None:
            raise SettingError("--block", f"{reason} ({self.path})", block, "change the file instead")


def _run(path: Path) -> ModuleType:
    """Run a Python file."""
    module = ModuleType("neuroap_layout_file")
    module.__file__ = str(path)
    # Dataclasses look their module up; files beside this one can be imported, as from a script.
    sys.modules[module.__name__] = module
    sys.path.insert(0, str(path.parent.resolve()))
    try:
        with _blaming(path):
            exec(compile(path.read_bytes(), str(path), "exec"), vars(module))
    finally:
        sys.path.remove(str(path.parent.resolve()))
    return module


def _layout_function(module: ModuleType, path: Path) -> Callable[..., Any]:
    function = getattr(module, "layout", None)
    if not callable(function):
        hint = "write `def layout(input=784, output=10, block=256): return Layout(...)`"
        raise LayoutError(str(path), "has no function layout()", hint=hint)
    return function


def _rule(module: ModuleType | None, path: Path) -> AdjointPropagation:
    rule = getattr(module, "RULE", None) or AdjointPropagation()
    if not isinstance(rule, AdjointPropagation):
        hint = "for example RULE = AdjointPropagation(steps=(5, 5))"
        raise LayoutError(str(path), "RULE must be an AdjointPropagation", rule, hint)
    return rule


class _blaming:
    """Turn whatever fails in the user's file into an error that names the file and the line."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        # A file that calls sys.exit() must not end the command as if all were well.
        if isinstance(error, Exception | SystemExit):
            text = error.msg if isinstance(error, SyntaxError) else str(error)
            if not isinstance(error, NeuroapError):
                text = f"{type(error).__name__}: {text}"
            raise LayoutError(self._where(error), text) from error

    def _where(self, error: BaseException) -> str:
        lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == self.path]
        if isinstance(error, SyntaxError) and error.filename == self.path:
            lines.append(error.lineno)
        return f"{self.path}:{lines[-1]}" if lines else self.path


def _siblings(path: Path) -> str:
    """Say which layout file beside a missing one has a similar name."""
    if not path.parent.is_dir():
        return f"there is no folder {str(path.parent)!r} either"
    names = sorted(p.name for p in path.parent.iterdir() if p.suffix in SUFFIXES)
    return did_you_mean(path.name, names) if names else "a layout file ends in .py or .toml"
