"""A layout, a rule and a set of tasks as a compiled program."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroap.brian.areas import area_codes
from neuroap.brian.cellwise import cellwise_values
from neuroap.brian.compiled.build import MANIFEST, built
from neuroap.brian.compiled.devices import toolchain_of
from neuroap.brian.compiled.process import Program
from neuroap.brian.compiled.recipe import Recipe
from neuroap.brian.interface import Array, Show, SimulatedNetwork, Weights
from neuroap.brian.threads import threads_of_products
from neuroap.layout import Area, Layout
from neuroap.rules import AdjointPropagation


class CompiledNetwork(SimulatedNetwork):
    """A network on a compiled device; parameters as of `SimulatedNetwork`, and:

    Parameters
    ----------
    device : {"cpp_standalone", "cuda_standalone"}
    precision : {"float32", "tf32"}
        What matrix products on a GPU may round to.
    say : callable, optional
        Told when a program is built.

    Raises
    ------
    DeviceError
        If the machine lacks what the device needs, or the program cannot be built.
    """

    readable_in_run = False

    def __init__(
        self,
        layout: Layout,
        rule: AdjointPropagation,
        tasks: Iterable[str] | None = None,
        trials: int = 500,
        dt_ms: float | None = None,
        dtype: str = "float32",
        copies: int = 1,
        *,
        device: str = "cpp_standalone",
        precision: str = "float32",
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        super().__init__(layout, rule, tasks, trials, dt_ms, dtype, copies)
        self.device = device
        self._cellwise: list[tuple[Area, str]] = []
        self._check_equations()
        toolchain = toolchain_of(device)
        recipe = Recipe(layout, rule, self.tasks, trials, copies, dt_ms, str(self.dtype), device, precision)
        self._built = partial(built, recipe, toolchain, say)
        self.folder = self._built()
        manifest = json.loads((self.folder / MANIFEST).read_text())
        self.noisy = bool(manifest["noisy"])
        self.weight_table = {
            n: Weights(tuple(w["shape"]), tuple(w["kept"]), w["plastic"]) for n, w in manifest["weights"].items()
        }
        self._arrays = manifest["arrays"]
        self._number = {(a["owner"], a["name"]): k for k, a in enumerate(self._arrays)}
        self._environment = toolchain.environment | threads_of_products(self._largest_product())
        self._program: Program | None = None
        self._fresh: set[int] = set()  # arrays that are in the shared file as they are in the network
        self._held: dict[int, str] = {}  # stimuli that stay with the program, by their identity

    def _check_equations(self) -> None:
        """Read the user's equations here: their mistakes are errors of the user's line, not of a build."""
        if any(area.equations is not None for area in self.layout.areas):
            settled = area_codes(self.layout, self.rule, self.tasks, self.timeline, self.dt_ms, self.dtype)
            self._cellwise = [(area, name) for area, code, _ in settled for name in code.cellwise]

    def _largest_product(self) -> float:
        return self.trials * max(float(np.prod(w.shape)) for w in self.weight_table.values())

    @property
    def program(self) -> Program:
        """The running program; it is started at first use, and again after a failure."""
        if self._program is None or not self._program.alive:
            self._held.clear()
            self._fresh.clear()
            last = self._arrays[-1]
            size = last["offset"] + last["size"] * np.dtype(last["dtype"]).itemsize
            self.folder = self._built()  # it may have been removed in the meantime
            self._program = Program(self.folder, self.device, size, self._environment)
            self._tell_cells_apart()
        return self._program

    def _tell_cells_apart(self) -> None:
        """Give equations what they know of single cells."""
        numbers = [self._number[area.name, name] for area, name in self._cellwise]
        for number, (area, name) in zip(numbers, self._cellwise, strict=True):
            self._view(number).reshape(-1, area.size)[:] = cellwise_values(area, name)
        if numbers:
            self.program.send("set", *numbers)

    @property
    def _with_weights(self) -> Program:
        """The program with what was loaded into it: had it ended since, a new one would run without weights."""
        if self._program is not None and self._program.failed:
            self._program.fail()
        return self.program

    def close(self) -> None:
        """End the program; the next use starts it again, without weights."""
        if self._program is not None:
            self._program.close()

    # -- arrays --------------------------------------------------------------------------------

    def values(self, owner: str, variable: str) -> Array:
        """See `SimulatedNetwork.values`; a view of the shared file, valid until the next run."""
        number = self._number[owner, variable]
        self.bring([(owner, variable)])
        flat = self._view(number)
        if owner not in self.weight_table:
            return flat.reshape(self.copies * self.trials, -1)
        shape = self.weight_table[owner].shape
        return flat.reshape(shape if self.copies == 1 else (self.copies, *shape))

    def bring(self, wanted: Iterable[tuple[str, str]]) -> None:
        program = self._with_weights
        if stale := [k for k in map(self._number.__getitem__, wanted) if k not in self._fresh]:
            program.fetch(stale)
            self._fresh.update(stale)

    def assign(self, values: Sequence[tuple[str, str, int, Any]]) -> None:
        numbers = [self._number[name, variable] for name, variable, _, _ in values]
        # Copies that are not assigned stay as they are.
        assigned = Counter(number for number, _ in {(n, v[2]) for n, v in zip(numbers, values, strict=True)})
        if partial := [number for number, copies in assigned.items() if copies < self.copies]:
            self.program.fetch(partial)
        for number, (name, _, copy, value) in zip(numbers, values, strict=True):
            self._view(number).reshape(self.copies, *self.weight_table[name].shape)[copy] = value
        self.program.send("set", *dict.fromkeys(numbers))
        self._fresh.update(numbers)

    def _view(self, number: int) -> Array:
        """An array of the shared file."""
        about = self._arrays[number]
        dtype = np.dtype(about["dtype"])
        part = self.program.shared[about["offset"] : about["offset"] + about["size"] * dtype.itemsize]
        return part.view(dtype)

    @contextmanager
    def holding(self, stimuli: Iterable[Array]) -> Iterator[None]:
        """Bring stimuli to the device once for all runs within; they must not change meanwhile."""
        program, held = self.program, dict[int, str]()
        try:
            for x in stimuli:
                held[id(x)] = self._held[id(x)] = program.put(np.asarray(x, self.dtype))
            yield
        finally:
            for key, name in held.items():
                if self._held.get(key) == name:
                    del self._held[key]
            if program.alive:
                program.forget(held.values())

    # -- runs ----------------------------------------------------------------------------------

    def simulate(self, show: Show) -> dict[str, Array]:
        program = self._with_weights
        self._fresh.clear()
        try:
            results, files = self._prepare(show)
            self._run(show)
            outputs = {t: self._outputs(t, show.total, name) for t, name in results.items()}
            program.forget(files)
        except BaseException:
            self.close()  # an interrupted program is in the middle of something
            raise
        return outputs

    def traced(self, show: Show, nodes: Sequence[str]) -> tuple[dict[str, Array], dict[str, Array]]:
        numbers = [self._number[n, "r"] for n in nodes]
        sizes = [self._arrays[k]["size"] for k in numbers]
        file = self.program.put(np.full((show.length, sum(sizes)), np.nan, self.dtype))
        self.program.send("trace", file, *numbers)
        outputs = self.simulate(show)
        ticks = self.program.take(file, self.dtype).reshape(show.length, sum(sizes))
        parts = np.split(ticks, np.cumsum(sizes)[:-1], axis=1)
        rows = self.copies * self.trials
        return outputs, {n: p.reshape(show.length, rows, -1) for n, p in zip(nodes, parts, strict=True)}

    @contextmanager
    def products_only(self) -> Iterator[None]:
        """Let nothing but matrix products act in the runs within: their floor. Rates and outputs mean nothing then."""
        self._with_weights.send("only", "products")
        try:
            yield
        finally:
            if self.program.alive:
                self.program.send("only", "all")

    def _prepare(self, show: Show) -> tuple[dict[str, str], list[str]]:
        """Send trials and settings; returns the file of results of each task, and files of this run only."""
        program, results, files = self.program, {}, []
        learn = show.length > self.timeline.inference_length
        for number, (task, (x, labels)) in enumerate(show.data.items()):
            rows = self._held.get(id(x)) or program.put(np.asarray(x, self.dtype))
            order = program.put(show.order[task].astype(np.int64))
            targets = "-" if labels is None or not learn else program.put(labels.astype(np.int32))
            files += [f for f in (rows, order, targets) if f != "-" and f not in self._held.values()]
            results[task] = program.new_file().name
            program.send("stream", number, rows, x.shape[1], targets, order, results[task])
        self._set_rates(show.epochs)
        if self.noisy:
            program.send("seed", show.seed)
        return results, files

    def _set_rates(self, epochs: int) -> None:
        """Set what may change from run to run: learning rate and beta, after so many epochs."""
        rules = [rule.after(epochs) for rule in self.rules]
        betas = {owner: [r.beta for r in rules] for owner, name in self._number if name == "beta"}
        etas = {owner: [r.learning_rate for r in rules] for owner, name in self._number if name == "eta"}
        numbers = []
        for variable, values in (("beta", betas), ("eta", etas)):
            for owner, each in values.items():
                numbers.append(self._number[owner, variable])
                self._view(numbers[-1]).reshape(self.copies, -1)[:] = np.array(each)[:, None]
        self.program.send("set", *numbers)

    def _run(self, show: Show) -> None:
        begun = -1

        def begin(batch: int) -> None:
            nonlocal begun
            for each in range(begun + 1, batch + 1) if show.on_batch else ():
                show.on_batch(each)  # type: ignore[misc]
            begun = max(begun, batch)

        self.program.send("run", show.cycles, show.length, show.total, show.updates)
        begin(0)
        self.ticks = self.program.finish(begin)
        begin(show.cycles - 1)

    def _outputs(self, task: str, total: int, name: str) -> NDArray[np.floating]:
        outputs = self.program.take(name, self.dtype)
        return outputs.reshape(self.copies, total, self.layout.task_output(task).size)
