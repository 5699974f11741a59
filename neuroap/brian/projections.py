"""Projections: dense weights shared by all trials, their matrix product, their plasticity."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sympy
from brian2 import BrianObject, Clock
from brian2.core.variables import Variables
from brian2.groups.group import Group

from neuroap.brian.codeobjects import ELEMENTWISE, code_object_class
from neuroap.brian.cycle import Cycle, GatedRunner
from neuroap.brian.nodes import CHANGE, CORRELATE, FACTOR, NodeGroup
from neuroap.rules import AdjointPropagation, Correlation
from neuroap.weights import RELATIVE, SIGN

# Array of a projection that bounds its weights, by the update that keeps Dale's law.
BOUNDS = {"clip": SIGN, "multiplicative": RELATIVE}
NOTHING = "0"  # the weight of a term that adds nothing


@dataclass(frozen=True)
class End:
    """One end of a projection: columns ``[start, stop)`` of the rates of a group."""

    group: NodeGroup
    start: int
    stop: int

    @property
    def size(self) -> int:
        """Number of neurons."""
        return self.stop - self.start

    @property
    def node(self) -> str:
        """Name of the input, area or output in the layout."""
        return self.group.node_name

    @property
    def columns(self) -> str:
        """The columns as a slice."""
        return f"{self.start}:{self.stop}"


class Projection(Group, BrianObject):
    """Synapses from every neuron of `source` to every neuron of `target`, w[source, target].

    They are one dense matrix, the same for all trials of a network, so that the drive of all trials is one
    matrix product. A bias is a projection from a single source of rate 1 (`source` None).

    Parameters
    ----------
    name : str
        Name of the weights in the layout.
    source : End or None
    target : End
    clock : Clock
    """

    add_to_magic_network = False

    def __init__(self, name: str, source: End | None, target: End, clock: Clock) -> None:
        BrianObject.__init__(self, clock=clock, when="start", name=slug(name))
        self.parameter, self.source, self.target = name, source, target
        self.shape = (source.size if source else 1, target.size)
        self.batch = target.group.batch
        self._N = self.batch.copies * int(np.prod(self.shape))
        self.codeobj_class = code_object_class()
        self.namespace: dict[str, Any] = {}
        self.states: tuple[str, ...] = ()
        self.variables = Variables(self, default_index="_idx")
        self.variables.add_constant("N", value=self._N)
        self.variables.add_arange("_idx", self._N, constant=True, read_only=True)
        self.variables.add_array("w", size=self._N, constant=False)
        self.variables.create_clock_variables(clock)
        self._enable_group_attributes()

    def __len__(self) -> int:
        return self._N

    def array(self, variable: str) -> np.ndarray:
        """The values of a variable as a matrix, shape (source, target), or one per copy; a view."""
        copies = self.batch.copies
        return self.variables[variable].get_value().reshape(self.shape if copies == 1 else (copies, *self.shape))

    def _products(self, **kwds: Any) -> dict[str, Any]:
        """What templates of matrix products need to know."""
        sizes = {"_ap_copies": self.batch.copies, "_ap_trials": self.batch.trials, "_ap_shape": self.shape}
        return {**sizes, "_ap_from": self.source, "_ap_to": self.target, **kwds}

    def _runner(self, template: str, code: str, when: str, order: int, name: str, **kwds: Any) -> GatedRunner:
        runner = GatedRunner(
            self,
            template,
            code=code,
            when=when,
            order=order,
            clock=self.clock,
            name=f"{self.name}_{name}",
            codeobj_class=code_object_class(),
            **kwds,
        )
        self.contained_objects.append(runner)
        return runner

    def drives(self, cycle: Cycle, ticks: Iterable[int], rate: str, drive: str, add: bool, order: int) -> None:
        """Write ``rate[trials, source] @ w[source, target]`` into a drive of the target.

        Parameters
        ----------
        cycle : Cycle
        ticks : iterable of int
            Ticks of the cycle in which the product acts.
        rate : str
            Variable of the source that is transmitted; not read by a bias, which has no source.
        drive : str
            Variable of the target that is written.
        add : bool
            Add to what other projections wrote.
        order : int
            Place among the objects of a tick.
        """
        template = "ap_broadcast" if self.source is None else "ap_product"
        runner = self._runner(template, "", "start", order, "product", template_kwds=self._products(_ap_add=add))
        runner.variables = Variables(runner)
        runner.variables.add_reference("ap_drive", self.target.group, drive)
        if self.source is not None:
            runner.variables.add_reference("ap_source", self.source.group, rate)
        runner.gate(cycle, ticks)

    def learns(
        self,
        rule: AdjointPropagation,
        cycle: Cycle,
        tick: int,
        feed: Group,
        *,
        scale: float = 1.0,
        masked: bool = False,
        signed: bool = False,
    ) -> None:
        """Make the weights plastic: correlate both ends in `tick`, then change the weights.

        Parameters
        ----------
        rule : AdjointPropagation
        cycle : Cycle
        tick : int
            Tick of the cycle at whose end the weights change.
        feed : Group
            Holds ``count``, the number of trials in the batch, ``k``, the number of updates with this one,
            and, for a single network, the learning rate ``eta``.
        scale : float
            Factor of the step.
        masked : bool
            Some weights never learn: recurrent ones that are not there, those that leave silent cells.
        signed : bool
            Dale's law: weights keep the signs of their source cells.
        """
        self.states = rule.optimizer.states
        extra = [*(["mask"] if masked else []), *([BOUNDS[rule.dale]] if signed else [])]
        for state in (*self.states, *extra):
            self.variables.add_array(state, size=self._N)
        self.variables.add_reference("k", feed, "k")
        if self.batch.copies == 1:
            self.variables.add_reference("eta", feed, "eta")
        else:
            self.variables.add_array("eta", size=self._N)
        gradient = self._correlations(rule.correlations, cycle, tick, feed)
        step = "step" + (f"*{scale!r}" if scale != 1 else "") + ("*mask" if masked else "")
        change = _change(step, rule.weight_decay, BOUNDS[rule.dale] if signed else "")
        self.namespace.update(rule.optimizer.constants)
        code = f"{gradient}{rule.optimizer.text}\n{change}"
        self._runner(ELEMENTWISE, code, "end", CHANGE, "update").gate(cycle, [tick])

    def _correlations(self, terms: tuple[Correlation, ...], cycle: Cycle, tick: int, feed: Group) -> str:
        """Add one product per term; return the code that turns them into the gradient g = - dw."""
        known: dict[str, float] = {} if self.source else {"r_pre": 1, "e_pre": 0, "rest_pre": 0}
        if self.source and self.source.group.rest is not None:
            known["rest_pre"] = self.source.group.rest
        terms = tuple(found for term in terms if (found := _knowing(term, known)).weight != NOTHING)
        plain = [float_or_none(t.weight) for t in terms] == [-1.0] and not terms[0].pre == terms[0].post == "1"
        parts = []
        for k, term in enumerate(terms):
            if term.pre == term.post == "1":
                parts.append(f"({term.weight})")
                continue
            variable = "g" if plain else f"c{k}"
            self._correlate(term, variable, cycle, tick, feed)
            parts.append(f"({term.weight})*{variable}")
        return "" if plain else f"g = -({' + '.join(parts) or '0*w'})\n"

    def _correlate(self, term: Correlation, variable: str, cycle: Cycle, tick: int, feed: Group) -> None:
        self.variables.add_array(variable, size=self._N)
        group = self.target.group
        post = self._operand(group, term.post, cycle, tick)
        pre = "1"
        if self.source and term.pre != "1":
            pre = self._operand(self.source.group, term.pre, cycle, tick)
        template = "ap_average" if pre == "1" else "ap_correlate"
        kwds = self._products()
        runner = self._runner(template, "", "end", CORRELATE, f"correlate_{variable}", template_kwds=kwds)
        runner.variables = Variables(runner)
        runner.variables.add_reference("ap_correlation", self, variable)
        runner.variables.add_reference("ap_post", group, post)
        runner.variables.add_reference("ap_count", feed, "count")
        if pre != "1":
            runner.variables.add_reference("ap_pre", self.source.group, pre)  # type: ignore[union-attr]
        runner.gate(cycle, [tick])

    def _operand(self, group: NodeGroup, text: str, cycle: Cycle, tick: int) -> str:
        """The variable of `group` that holds a pre- or postsynaptic factor; computed if need be."""
        names = {n: f"({v})" for n, v in group.local_names.items()}
        code = re.sub(r"[A-Za-z_]\w*", lambda m: names.get(m[0], m[0]), text)
        bare = code[1:-1] if code.startswith("(") else code
        if bare in group.variables:
            return bare
        if code not in group.factors:
            variable = group.factors[code] = f"factor_{len(group.factors)}"
            group.variables.add_array(variable, size=len(group))
            group.at(cycle, [tick], f"{variable} = {code}", "end", FACTOR, variable)
        return group.factors[code]


def _change(step: str, decay: float, bound: str) -> str:
    """Code that changes the weights by ``- eta step``, within the bound of Dale's law if there is one."""
    if bound == RELATIVE:
        return f"w = w*exp(-eta*({RELATIVE}*{step}{f' + {decay!r}' if decay else ''}))"
    step = f"({step} + {decay!r}*w)" if decay else step
    return f"w = w - eta*{step}" + (f"\nw = {SIGN}*clip({SIGN}*w, 0, inf)" if bound else "")


def _knowing(term: Correlation, known: Mapping[str, float]) -> Correlation:
    """The term, in whose presynaptic factor some names are numbers: those of a bias all are (rate 1, no error)."""
    if known.keys().isdisjoint(re.findall(r"[A-Za-z_]\w*", term.pre)):
        return term
    value = sympy.sympify(term.pre).subs(known)
    if not value.is_number:
        return replace(term, pre=str(value))
    factor = float(value)
    weight = term.weight if factor == 1 else f"{factor!r}*({term.weight})" if factor else NOTHING
    return replace(term, pre="1", weight=weight)


def slug(name: str) -> str:
    """A name that Brian2 and C++ take: lower case, letters, digits and underscores."""
    return re.sub(r"\W+", "_", name.lower().replace("->", "to")).strip("_")


def float_or_none(text: str) -> float | None:
    """The number that `text` is, if it is one."""
    try:
        return float(text)
    except ValueError:
        return None
