"""Random layouts, rules and trials, drawn from a seed: whatever can be declared should occur."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from neuroap.errors import LayoutError
from neuroap.layout import (
    ACTIVATIONS,
    Area,
    Input,
    Layout,
    Output,
    Pathway,
    Recurrence,
    Uniform,
    error,
    inference,
)
from neuroap.rules import AdjointPropagation

Data = dict[str, tuple[np.ndarray, np.ndarray]]
Random = np.random.Generator


@dataclass(frozen=True)
class Case:
    """A layout, a rule, the order in which tasks run, and how many trials each of three updates shows."""

    layout: Layout
    rule: AdjointPropagation
    runs: tuple[tuple[str, ...], ...]
    trials: int
    last: int
    dt_ms: float | None

    @property
    def shown(self) -> int:
        """Trials in all: two full batches and a partial one."""
        return 2 * self.trials + self.last


def draw_case(seed: int) -> Case:
    """Draw a case; layouts that contradict themselves are drawn again."""
    rng = np.random.default_rng([seed, 48])
    dt_ms = 2.0 if seed % 4 == 3 else None
    while True:
        try:
            layout = draw_layout(rng, different_taus=dt_ms is not None)
            break
        except LayoutError:
            continue
    trials = int(rng.integers(2, 5))
    last = int(rng.integers(1, trials))
    return Case(layout, draw_rule(rng), draw_runs(rng, layout), trials, last, dt_ms)


def draw_layout(rng: Random, different_taus: bool = False) -> Layout:
    """Areas of unequal and overlapping blocks, pathways between random blocks, along one order per kind."""
    names = [f"A{k}" for k in range(rng.choice([1, 2, 3, 4, 4]))]
    areas = {name: _area(rng, name, different_taus) for name in names}
    tasks = ["one", "two"][: rng.choice([1, 2, 2])]
    outputs = {task: "y_one" if rng.random() < 0.2 else f"y_{task}" for task in tasks}
    nodes: list[Input | Area | Output] = [Input("x0", int(rng.integers(2, 6))), *areas.values()]
    nodes += [Output(name, int(rng.integers(2, 5)), bias=Uniform(0.5)) for name in sorted(set(outputs.values()))]
    paths: list[Pathway] = []
    for task in tasks:
        nodes.append(Input(f"x_{task}", int(rng.integers(2, 6))))
        paths += _inference(rng, areas, task, outputs[task])
        paths += _errors(rng, areas, task, outputs[task])
    used = {end for p in paths for end in (p.source_node, p.target_node)}
    layout = Layout(*(n for n in nodes if n.name in used), *paths)
    return _share(rng, layout) if len(tasks) > 1 else layout


def _share(rng: Random, layout: Layout) -> Layout:
    """Open some pathways in both tasks, where that is allowed."""
    for k, pathway in enumerate(layout.pathways):
        if rng.random() < 0.5:
            both = replace(pathway, tasks=("one", "two"))
            try:
                layout = Layout(*layout.nodes, *layout.pathways[:k], both, *layout.pathways[k + 1 :])
            except LayoutError:
                continue
    return layout


def _area(rng: Random, name: str, different_taus: bool) -> Area:
    blocks: dict[str, tuple[int, int]] = {}
    stop = 0
    for k in range(rng.integers(1, 6)):
        start = max(0, stop - int(rng.integers(0, 3)))  # it may overlap the last one
        stop = start + int(rng.integers(1, 5))
        blocks[f"b{k}"] = (start, stop)
    return Area(
        name,
        blocks,
        neurons=max(stop for _, stop in blocks.values()) + int(rng.integers(0, 3)),
        activation=str(rng.choice(list(ACTIVATIONS))),
        recurrence=None if rng.random() < 0.2 else Recurrence(float(rng.uniform(0.2, 1.2)), 0.7),
        bias=Uniform(0.3) if rng.random() < 0.3 else None,
        tau_ms=float(rng.choice([10, 20])) if different_taus else 10.0,
    )


def _block(rng: Random, area: Area) -> str:
    names = [*(b.name for b in area.block_list), "all"]
    return f"{area.name}.{rng.choice(names)}"


def _inference(rng: Random, areas: dict[str, Area], task: str, output: str) -> list[Pathway]:
    """Pathways along A0, A1, ... that skip areas, and some twice; the areas left out rest."""
    driven = [a for a in areas.values() if rng.random() < 0.65] or [areas["A0"]]
    paths, sources = [], [f"x_{task}", "x0"][: rng.integers(1, 3)]
    for k, area in enumerate(driven):
        # Now and then from an area that nothing drives, or only from such.
        idle = [a for a in [*areas.values()][: [*areas].index(area.name)] if a not in driven and rng.random() < 0.5]
        lead = idle if idle and rng.random() < 0.3 else [*sources, *driven[max(0, k - 2) : k], *idle]
        for j in range(rng.integers(1, 4)):
            source = _any(rng, lead)
            paths.append(_path(rng, source, _block(rng, area), task, f"{task} to {area.name} {j}"))
    for j in range(rng.integers(1, 3)):
        source = _any(rng, [*driven[-2:], *sources[: j % 2]])
        paths.append(_path(rng, source, output, task, f"{task} out {j}"))
    return paths


def _path(rng: Random, source: str, target: str, task: str, name: str) -> Pathway:
    return inference(source, target, plastic=bool(rng.random() < 0.8), tasks=task, name=name)


def _any(rng: Random, sources: list[str | Area]) -> str:
    source = sources[rng.integers(len(sources))]
    return _block(rng, source) if isinstance(source, Area) else source


def _errors(rng: Random, areas: dict[str, Area], task: str, output: str) -> list[Pathway]:
    """Pathways from the output against the order of inference; some areas get none, some several."""
    paths: list[Pathway] = []
    reached: list[str | Area] = []
    for name in reversed(areas):
        if rng.random() < 0.3:
            continue
        for j in range(rng.integers(1, 4)):
            source = _any(rng, [output, *reached])
            paths.append(error(source, _block(rng, areas[name]), tasks=task, name=f"{task} err {name} {j}"))
        reached.append(areas[name])
    return paths


def draw_rule(rng: Random) -> AdjointPropagation:
    """Any setting of the rule, with steps that differ between the phases."""
    return AdjointPropagation(
        steps=(int(rng.integers(1, 6)), int(rng.integers(1, 6))),
        error=str(rng.choice(["STE", "EPE"])),
        beta=float(rng.choice([0.3, 1.0, 2.0])),
        derivative=bool(rng.random() < 0.4),
        optimizer=str(rng.choice(["adam", "sgd"])),
        learning_rate=float(rng.choice([1e-3, 0.1])),
        recurrent_plasticity=float(rng.choice([0.0, 0.3, 1.0])),
        bias_plasticity=bool(rng.random() < 0.4),
        weight_decay=float(rng.choice([0.0, 0.05])),
    )


def draw_runs(rng: Random, layout: Layout) -> tuple[tuple[str, ...], ...]:
    """All tasks at once, or one after the other; those that share an output cannot run at once."""
    if len(layout.outputs) < len(layout.tasks) or rng.random() < 0.5:
        return tuple((task,) for task in layout.tasks)
    return (layout.tasks,)


def draw_trials(layout: Layout, n: int, seed: int) -> Data:
    """Stimuli per input, side by side in each task that shows them, and labels."""
    rng = np.random.default_rng(seed)
    shown = {i.name: rng.uniform(-1, 1, (n, i.columns)) for i in layout.inputs}
    return {
        task: (
            np.concatenate([shown[i.name] for i in layout.task_inputs(task)], axis=1),
            rng.integers(0, layout.task_output(task).size, n),
        )
        for task in layout.tasks
    }


def part(data: Data, start: int, stop: int) -> Data:
    """The trials from `start` to `stop`."""
    return {task: (x[start:stop], labels[start:stop]) for task, (x, labels) in data.items()}
