"""What decides about the code of a compiled network, and nothing that does not."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import neuroap
from neuroap.layout import Layout
from neuroap.layout.structure import structure
from neuroap.rules import AdjointPropagation

# The parts of neuroap that the generated code depends on.
SOURCES = ("brian", "layout", "rules", "weights", "frames.py", "names.py", "timeline.py", "window.py")


@dataclass(frozen=True)
class Recipe:
    """A network to compile.

    Attributes
    ----------
    layout : Layout
    rule : AdjointPropagation
    tasks : tuple of str
    trials, copies : int
    dt_ms : float or None
    dtype, device : str
    precision : str
        "float32", or "tf32": what matrix products on a GPU may round to.
    """

    layout: Layout
    rule: AdjointPropagation
    tasks: tuple[str, ...]
    trials: int
    copies: int
    dt_ms: float | None
    dtype: str
    device: str
    precision: str = "float32"

    @property
    def canonical(self) -> Recipe:
        """The same code for other initial weights, another learning rate, another beta."""
        rule = replace(self.rule, learning_rate=1.0, learning_rate_decay=1.0, beta=1.0)
        return replace(self, layout=structure(self.layout), rule=rule)

    def key(self, toolchain: Sequence[str]) -> str:
        """Hexadecimal digest of the recipe, of the sources of neuroap, and of the tools that compile them."""
        text = "\n".join([repr(self.canonical), _digest_of_sources(), *toolchain])
        return hashlib.sha256(text.encode()).hexdigest()[:24]


@cache
def _digest_of_sources() -> str:
    root = Path(neuroap.__file__).parent
    digest = hashlib.sha256(neuroap.__version__.encode())
    for part in SOURCES:
        files = [root / part] if part.endswith(".py") else sorted(p for p in (root / part).rglob("*") if p.is_file())
        for file in files:
            if "__pycache__" not in file.parts:
                digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()
