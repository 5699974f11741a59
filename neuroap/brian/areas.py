"""The equations of the areas of a layout as code, and what layout and learning rule ask of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from brian2 import ms

from neuroap.brian.equations import AreaCode, compile_area
from neuroap.brian.reading import mistake
from neuroap.layout import Area, Balanced, Layout
from neuroap.rules import AdjointPropagation
from neuroap.timeline import Timeline, ticks_per_tau

REST_TOLERANCE = 1e-6


def area_codes(
    layout: Layout,
    rule: AdjointPropagation,
    tasks: Sequence[str],
    line: Timeline,
    dt_ms: float | None,
    dtype: np.dtype[Any],
) -> Iterator[tuple[Area, AreaCode, dict[str, Any]]]:
    """The areas that take part in `tasks`, with their code and the constants of their equations.

    Parameters
    ----------
    layout : Layout
    rule : AdjointPropagation
    tasks : sequence of str
    line : Timeline
    dt_ms : float or None
    dtype : dtype

    Raises
    ------
    EquationsError
        Equations that cannot be read or integrated, that do not read a drive which pathways bring, or whose rate at
        rest is not what biases and plasticity take it for.
    """
    joined = {name for p in layout.open(tasks) for name in (p.source_node, p.target_node)}
    for area in layout.areas:
        if area.name in joined:
            code, constants = _area_code(area, rule, line, dt_ms, dtype)
            if area.equations is not None:
                _check_drives(layout, tasks, area, code)
                _check_rest(layout, rule, area, code)
            yield area, code, constants


def _area_code(
    area: Area, rule: AdjointPropagation, line: Timeline, dt_ms: float | None, dtype: np.dtype[Any]
) -> tuple[AreaCode, dict[str, Any]]:
    alpha, biased, number = 1 / ticks_per_tau(area, dt_ms), is_biased(area, rule), dtype.type
    constants: dict[str, Any] = dict(tau=area.tau_ms * ms, beta=number(rule.beta), alpha=number(alpha))
    constants |= {} if biased else {"b": number(0)}
    code = compile_area(area, alpha=alpha, biased=biased, concurrent=line.concurrent, namespace=constants)
    return code, constants


def is_biased(area: Area, rule: AdjointPropagation) -> bool:
    """Whether an area has a bias."""
    return area.bias is not None or rule.bias_plasticity


def _check_drives(layout: Layout, tasks: Sequence[str], area: Area, code: AreaCode) -> None:
    """What pathways bring must be read, or the area is cut off without a word."""
    for kind, drive in (("inference", "I_inf"), ("error", "I_err")):
        paths = [p.name for p in layout.open(tasks, kind) if p.target_node == area.name]
        if paths and drive not in code.drives:
            hint = f"add {drive} to the equation of the state, or remove the pathway"
            raise mistake(area, f"no equation reads {drive!r}, which the pathway {paths[0]!r} brings", hint=hint)


def _check_rest(layout: Layout, rule: AdjointPropagation, area: Area, code: AreaCode) -> None:
    """Balanced biases and ``rest_pre`` must mean the rate that the area has at rest."""
    biases = [node.bias for node in layout.areas] + [node.bias for node in layout.outputs]
    balanced = any(isinstance(bias, Balanced) for bias in biases)
    asked = "Balanced biases ask" if balanced else "rest_pre asks"
    if not (balanced or any("rest_pre" in term.pre for term in rule.correlations)):
        return
    if code.rest_rate is None:
        raise mistake(area, f"{asked} for one rate at rest, but it differs between cells")
    if balanced and abs(code.rest_rate - area.rest_rate) > REST_TOLERANCE:
        rule_text = f"the rate at rest is {code.rest_rate:g}, but Balanced biases take {area.rest_rate:g}"
        raise mistake(area, rule_text, hint=f"declare Area({area.name!r}, ..., rest={code.rest_rate:g})")
