"""The equations of the areas of a layout as code, and what layout and learning rule ask of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from brian2 import ms

from neuroap.brian.equations import AreaCode, compile_area
from neuroap.brian.reading import mistake
from neuroap.layout import Area, Balanced, Layout
from neuroap.rules import AdjointPropagation
from neuroap.timeline import Timeline, ticks_per_tau, timeline

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
        Equations that cannot be read or integrated.
    """
    joined = {name for p in layout.open(tasks) for name in (p.source_node, p.target_node)}
    for area in layout.areas:
        if area.name in joined:
            yield area, *_area_code(area, rule, line, dt_ms, dtype)


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


def check_equations(layout: Layout, rule: AdjointPropagation, dt_ms: float | None) -> None:
    """Check what learning asks of equations of the user's own; networks of models that have learnt do without.

    Parameters
    ----------
    layout : Layout
    rule : AdjointPropagation
    dt_ms : float or None

    Raises
    ------
    EquationsError
        Equations that cannot be read or integrated, that do not read a drive which pathways bring, or whose rate at
        rest is not what biases and plasticity take it for.
    """
    own = [area.name for area in layout.areas if area.equations is not None]
    for task in layout.tasks if own else ():
        line = timeline(layout, rule, [task], dt_ms)
        for area, code, _ in area_codes(layout, rule, [task], line, dt_ms, np.dtype(np.float64)):
            if area.name in own:
                _check_drives(layout, task, area, code)
                _check_rest(layout, rule, area, code)


def _check_drives(layout: Layout, task: str, area: Area, code: AreaCode) -> None:
    """What pathways bring must be read, or the area is cut off without a word."""
    for kind, drive in (("inference", "I_inf"), ("error", "I_err")):
        paths = [p.name for p in layout.open(task, kind) if p.target_node == area.name]
        if paths and drive not in code.drives:
            hint = f"add {drive} to the equation of the state, or remove the pathway"
            raise mistake(area, f"no equation reads {drive!r}, which the pathway {paths[0]!r} brings", hint=hint)


def _check_rest(layout: Layout, rule: AdjointPropagation, area: Area, code: AreaCode) -> None:
    """Balanced biases and ``rest_pre`` must mean the rate that the area has at rest."""
    paths = [p for p in layout.open(kind="inference") if p.source_node == area.name]
    driven = [layout[p.target_node].bias for p in paths] + ([area.bias] if area.recurrence else [])  # type: ignore[union-attr]
    balanced = any(isinstance(bias, Balanced) for bias in driven)
    learns = any(p.plastic for p in paths) or (area.recurrence is not None and rule.recurrent_plasticity > 0)
    measured = learns and any("rest_pre" in term.pre for term in rule.correlations)
    if code.rest_rate is None and (balanced or measured):
        asked = "Balanced biases ask" if balanced else "rest_pre asks"
        raise mistake(area, f"{asked} for one rate at rest, but it differs between cells")
    if (
        balanced
        and code.rest_rate is not None
        and not math.isclose(code.rest_rate, area.rest_rate, rel_tol=REST_TOLERANCE, abs_tol=REST_TOLERANCE)
    ):
        rest = float(f"{code.rest_rate:.15g}")
        rule_text = f"the rate at rest is {rest!r}, but Balanced biases take {area.rest_rate!r}"
        raise mistake(area, rule_text, hint=f"declare Area({area.name!r}, ..., rest={rest!r})")
