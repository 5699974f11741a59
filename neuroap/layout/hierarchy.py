"""The standard hierarchy: input, areas one above the other, output, and the error way back."""

from __future__ import annotations

import numbers
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from neuroap.errors import LayoutError
from neuroap.layout.activations import activation as activation_named
from neuroap.layout.blocks import Blocks
from neuroap.layout.initial import Initial, Recurrence, Uniform
from neuroap.layout.layout import Layout, Part
from neuroap.layout.nodes import Area, Input, Output
from neuroap.layout.pathways import error, inference

USUAL = Recurrence()
BULK_GAIN = 0.75  # of areas under Dale's law: bulk radius x slope; from 1 on such areas lose their stability


def hierarchy(
    areas: int = 2,
    input: int = 784,
    output: int = 10,
    block: int | Mapping[str, int | tuple[int, int] | Mapping[str, int]] = 256,
    *,
    neurons: int | None = None,
    activation: str | None = None,
    recurrence: Recurrence | None = USUAL,
    weights: Initial | None = None,
    feedback: Initial | None = None,
    bias: Initial | None = None,
    frames: int = 1,
    excitatory: float | None = None,
    dale: bool = False,
    name: str = "",
) -> Layout:
    """Make a hierarchy of equal areas V1, V2, ... between ``image`` and ``choice``.

    Inference: image -> RI(1), SI(i) -> RI(i + 1), SI(L) -> choice, all plastic.
    Error: choice -> RE(L), SE(i + 1) -> RE(i), all fixed.

    Parameters
    ----------
    areas : int
        Number of areas L.
    input, output : int
        Number of input nodes (pixels) and output nodes (classes).
    block : int or mapping
        Size of the four blocks, or the blocks as `Area` takes them, with the names RI, SI, RE and SE.
    neurons : int, optional
        Neurons per area, if more than the blocks hold.
    activation, recurrence, bias, excitatory, dale
        As in `Area`, the same for every area. With ``dale=True`` what is not given is chosen for it: 80% excitatory
        cells, activation "sigmoid", ``Recurrence(bulk_radius=0.75/slope, exact_balance=True)`` and weights between
        areas 1/slope times the usual ones, with the slope of the activation at rest: 1.5 and twice for "sigmoid",
        0.75 and once for "hard_sigmoid". Activations without a spontaneous rate ("relu", "rectified_tanh",
        "saturating") hardly learn under Dale's law: an error can raise rates of 0, but not lower them;
        ``bias=Constant(0.5)`` gives them one (which ``rest_pre`` in plasticity text, the rate without bias, is not).
    weights : Initial, optional
        Initial weights of the inference pathways that leave an area.
    feedback : Initial, optional
        Initial weights of the error pathways between areas.
    frames : int
        Frames of a stimulus that changes while the first area settles, see `Input`.

    Raises
    ------
    LayoutError
        Fewer than one area, or anything that the declarations refuse.
    """
    if not isinstance(areas, numbers.Integral) or areas < 1:
        raise LayoutError("hierarchy.areas", "must be a positive integer", areas)
    names = [f"V{i + 1}" for i in range(areas)]
    blocks: Blocks = block
    activation = activation or ("sigmoid" if dale else "tanh")
    usual = _of_dale(activation) if dale else {}
    own: dict[str, Any] = {
        "activation": activation,
        "recurrence": usual.get("recurrence", USUAL) if recurrence is USUAL else recurrence,
        "excitatory": usual.get("excitatory") if excitatory is None else excitatory,
    }
    parts: list[Part] = [Input("image", input, frames)]
    parts += [Area(n, blocks, neurons, bias=bias, dale=dale, **own) for n in names]
    parts.append(Output("choice", output))
    parts += _chain(["image", *names, "choice"], weights or usual.get("weights"))
    parts.append(error("choice", f"{names[-1]}.RE"))
    feedback = feedback or usual.get("feedback")
    parts += [error(f"{upper}.SE", f"{lower}.RE", weights=feedback) for lower, upper in _upwards(names)]
    return Layout(*parts, name=name or f"hierarchy_{areas}")


def _of_dale(activation: str) -> dict[str, Any]:
    """What passes signals on as the published weights do, where rates have another slope than those of tanh."""
    slope = activation_named(activation).slope
    return {
        "recurrence": Recurrence(bulk_radius=BULK_GAIN / slope, exact_balance=True),
        "weights": Uniform(1 / slope, scaled=True),
        "feedback": Uniform(1 / slope),
        "excitatory": 0.8,
    }


def _chain(names: Sequence[str], weights: Initial | None) -> list[Part]:
    def sends(n: str) -> str:
        return n if n == names[0] else f"{n}.SI"

    def receives(n: str) -> str:
        return n if n == names[-1] else f"{n}.RI"

    first, *others = pairwise(names)
    return [
        inference(sends(a), receives(b), weights=w) for (a, b), w in ((first, None), *((o, weights) for o in others))
    ]


def _upwards(names: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs (lower, upper) from the top of the hierarchy down."""
    return list(pairwise(names))[::-1]
