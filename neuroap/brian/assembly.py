"""Assembly: the Brian2 objects of a layout, node by node and projection by projection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from brian2 import BrianObject, Network

from neuroap.brian.areas import area_codes, is_biased
from neuroap.brian.cycle import Cycle
from neuroap.brian.feed import Feed, Readout
from neuroap.brian.interface import Weights
from neuroap.brian.nodes import CLEAR, DRIVE, RECUR, AreaGroup, Batch, InputGroup, NodeGroup, OutputGroup, time_step
from neuroap.brian.projections import End, Projection
from neuroap.brian.settling import Finish, Settling, settlers, settlings
from neuroap.brian.tracer import Tracer
from neuroap.layout import Area, Layout, Pathway
from neuroap.names import bias_name, recurrence_name
from neuroap.rules import AdjointPropagation
from neuroap.timeline import Timeline, Window
from neuroap.weights import KEPT, source_alive, source_signs


class Assembly:
    """Builds what a network consists of; `neuroap.brian.network` runs it.

    Parameters
    ----------
    layout : Layout
    rule : AdjointPropagation
    tasks : sequence of str
        Tasks that run together.
    line : Timeline
        Their windows.
    batch : Batch
    dt_ms : float or None
    dtype : dtype

    Attributes
    ----------
    clock : Clock
    cycle : Cycle
    feed : Feed
    groups : dict of str to NodeGroup
    projections : dict of str to Projection
    tracer : Tracer
    net : brian2.Network
    """

    def __init__(
        self,
        layout: Layout,
        rule: AdjointPropagation,
        tasks: Sequence[str],
        line: Timeline,
        batch: Batch,
        dt_ms: float | None,
        dtype: np.dtype[Any],
    ) -> None:
        self.layout, self.rule, self.tasks, self.timeline = layout, rule, tasks, line
        self.batch, self.dt_ms, self.dtype = batch, dt_ms, dtype
        self.groups: dict[str, NodeGroup] = {}
        self.projections: dict[str, Projection] = {}
        # Equations are read first: a mistake in them leaves no half-built Brian2 objects behind.
        codes = list(area_codes(layout, rule, tasks, line, dt_ms, dtype))
        self.clock = time_step(dt_ms or max((a.tau_ms for a in layout.areas), default=10.0), "neuroap_clock")
        self.cycle = Cycle(self.clock, "neuroap_cycle")
        self.feed = Feed(batch, self.clock, self.cycle, "neuroap_feed")
        self._add_ends()
        for area, code, constants in codes:
            settles = rule.tolerance is not None
            self.groups[area.name] = AreaGroup(area, code, batch, self.clock, self.cycle, line, constants, settles)
        self._add_recurrences()
        self._add_biases()
        self._add_pathways()
        readout = Readout(self.feed, line.inference_length - 1, "neuroap_readout")
        self.tracer = Tracer(self.clock, self.cycle, "neuroap_tracer")
        host = (self.cycle, self.feed, readout, self.tracer)
        self.net = Network(*host, *self.groups.values(), *self.projections.values(), *self._settlers())
        if self.finish is not None:
            self.finish.stops = self.net
        for thing in self.net.sorted_objects:
            thing._network = self.net.id  # else Brian2 complains of objects whose network never ran

    def weight_table(self) -> dict[str, Weights]:
        """What there is of each projection."""
        found = {}
        for name, p in self.projections.items():
            fixed = [v for v in KEPT if v in p.variables]
            found[name] = Weights(p.shape, (*p.states, *fixed), "eta" in p.variables)
        return found

    def _add_ends(self) -> None:
        layout, line = self.layout, self.timeline
        used = {p.source_node for p in layout.open(self.tasks)}
        for node in layout.inputs:
            if node.name in used:
                self.groups[node.name] = InputGroup(node, self.batch, self.clock, self.cycle, line)
        for output in layout.outputs:
            if output.name in line.inference:
                window = line.inference[output.name]
                self.groups[output.name] = OutputGroup(output, self.batch, self.clock, self.cycle, window)

    def _add_recurrences(self) -> None:
        alpha = self.rule.recurrent_plasticity
        for area in self._areas():
            if area.recurrence is None:
                continue
            whole = End(self.groups[area.name], 0, area.size)
            projection = Projection(recurrence_name(area.name), whole, whole, self.clock)
            ticks = [t for w in self._windows(area.name) for t in w.recurrent_ticks]
            projection.drives(self.cycle, ticks, "r", self._recurrent_drive(area), add=False, order=RECUR)
            if alpha and area.name in self.timeline.learning:
                self._let_learn(projection, scale=alpha, masked=True)
            self.projections[projection.parameter] = projection

    def _recurrent_drive(self, area: Area) -> str:
        group = self.groups[area.name]
        assert isinstance(group, AreaGroup)
        return group.code.product

    def _add_biases(self) -> None:
        line = self.timeline
        for name, group in self.groups.items():
            node = self.layout[name]
            if isinstance(group, InputGroup) or (isinstance(node, Area) and not is_biased(node, self.rule)):
                continue
            projection = Projection(bias_name(name), None, End(group, 0, node.size), self.clock)
            first = self._windows(name)[0].ticks[:1]
            projection.drives(self.cycle, first, "", "b", add=False, order=DRIVE)
            has_error = name in line.learning or isinstance(group, OutputGroup)
            if self.rule.bias_plasticity and has_error:
                self._let_learn(projection)
            self.projections[projection.parameter] = projection

    def _add_pathways(self) -> None:
        for kind, drive in (("inference", "I_inf"), ("error", "I_err")):
            paths = self.layout.open(self.tasks, kind)
            for target in dict.fromkeys(p.target_node for p in paths):
                ticks = self.timeline.drive_ticks(target, kind)
                self._drive([p for p in paths if p.target_node == target], drive, ticks)

    def _drive(self, paths: Sequence[Pathway], drive: str, ticks: Sequence[int]) -> None:
        """Let `paths` write their sum into one drive of one node."""
        sites = [self.layout.site(p.target) for p in paths]
        shared = any(a.start < b.stop and b.start < a.stop for k, a in enumerate(sites) for b in sites[:k])
        target = self.groups[sites[0].node]
        if shared:
            target.at(self.cycle, ticks, f"{drive} = 0", "start", CLEAR, f"clear_{drive.lower()}")
        for pathway, site in zip(paths, sites, strict=True):
            source = self.layout.site(pathway.source)
            ends = (
                End(self.groups[source.node], source.start, source.stop),
                End(target, site.start, site.stop),
            )
            projection = Projection(pathway.name, *ends, self.clock)
            projection.drives(self.cycle, ticks, self._sends(pathway), drive, add=shared, order=DRIVE)
            if pathway.plastic and self._has_error(site.node):
                self._let_learn(projection, masked=source_alive(self.layout, pathway.name) is not None)
            self.projections[pathway.name] = projection

    def _let_learn(self, projection: Projection, *, scale: float = 1.0, masked: bool = False) -> None:
        signed = source_signs(self.layout, projection.parameter) is not None
        tick = self.timeline.length - 1
        projection.learns(self.rule, self.cycle, tick, self.feed, scale=scale, masked=masked, signed=signed)

    def _sends(self, pathway: Pathway) -> str:
        """The variable of the source that a pathway transmits."""
        if pathway.kind == "error":
            return "err"
        # One area after the other: the source has settled when its targets open.
        settled = isinstance(self.groups[pathway.source_node], AreaGroup) and not self.timeline.concurrent
        return "r_inf" if settled else "r"

    def _has_error(self, node: str) -> bool:
        return node in self.timeline.learning or isinstance(self.groups[node], OutputGroup)

    def _settlers(self) -> list[BrianObject]:
        """What ends windows early."""
        self.settlings: list[Settling] = []
        self.finish: Finish | None = None
        if self.rule.tolerance is None:
            return []
        self.finish = Finish(self.cycle, self.clock, "neuroap_finish")
        areas = {n: g for n, g in self.groups.items() if isinstance(g, AreaGroup)}
        self.settlings = list(settlings(areas, self.timeline, self.rule.tolerance))
        return [*settlers(self.settlings, self.feed, self.clock), self.finish]

    def _areas(self) -> list[Area]:
        return [a for a in self.layout.areas if a.name in self.groups]

    def _windows(self, name: str) -> list[Window]:
        return [w[name] for w in (self.timeline.inference, self.timeline.learning) if name in w]
