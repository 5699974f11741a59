"""Pathways: weight matrices between blocks, of kind inference or error."""

from __future__ import annotations

from dataclasses import dataclass, field

from neuroap.errors import LayoutError, user_line
from neuroap.layout.initial import Balanced, Constant, Initial, Normal, Recurrence, Uniform, Zeros

KINDS = ("inference", "error")


@dataclass(frozen=True)
class Pathway:
    """A weight matrix W[n_source, n_target] from one block (or input, or output) to another.

    An inference pathway adds ``r_source @ W`` to ``I_inf`` of its target, an error pathway adds
    ``e_source @ W`` to ``I_err``. `inference` and `error` below are the short forms.

    Parameters
    ----------
    source, target : str
        ``"V1.SI"`` for a block, ``"V1.SI.E"`` for its excitatory cells, ``"V1.all"`` for all neurons of an area,
        ``"image"`` for an input or output.
    kind : {"inference", "error"}
        What the pathway carries.
    plastic : bool, optional
        Whether it learns; by default inference pathways do. Error pathways are fixed.
    weights : Initial, optional
        Initial weights. By default Uniform(scaled=True) for inference pathways and for those that leave
        an output; Uniform() for error pathways from area to area. Where the source obeys Dale's law they take the
        signs of its cells (see `neuroap.weights.draw_weights`).
    tasks : tuple of str
        The tasks in which the pathway is open; empty means in every task.
    name : str, optional
        By default ``"source -> target"``.

    Raises
    ------
    LayoutError
        An unknown kind, a plastic error pathway, weights that are no declaration.
    """

    source: str
    target: str
    kind: str = "inference"
    plastic: bool | None = None
    weights: Initial | None = None
    tasks: tuple[str, ...] = ()
    name: str = ""
    declared: str = field(default="", compare=False, repr=False)

    def __post_init__(self) -> None:
        for end in ("source", "target"):
            if not isinstance(getattr(self, end), str):
                hint = "for example inference('V1.SI', 'V2.RI')"
                raise LayoutError(f"Pathway.{end}", "must be text that names a block", getattr(self, end), hint)
        if self.kind not in KINDS:
            raise LayoutError("Pathway.kind", f"must be one of {KINDS}", self.kind)
        if self.kind == "error" and self.plastic:
            hint = "adjoint propagation learns inference pathways only; leave plastic out"
            raise LayoutError("Pathway.plastic", "error pathways are fixed", self.plastic, hint)
        if self.weights is not None and not isinstance(self.weights, Uniform | Normal | Zeros):
            hint = "arrays are set on the fitted model, not in the layout"
            extra = "; Recurrence is for areas" if isinstance(self.weights, Recurrence) else ""
            for_biases = isinstance(self.weights, Balanced | Constant)
            extra = f"; {type(self.weights).__name__} is for biases" if for_biases else extra
            raise LayoutError("Pathway.weights", f"must be Uniform, Normal or Zeros{extra}", self.weights, hint)
        tasks = (self.tasks,) if isinstance(self.tasks, str) else tuple(self.tasks)
        if not all(isinstance(task, str) and task for task in tasks):
            raise LayoutError("Pathway.tasks", "must be names of tasks", tasks, 'for example tasks=("mnist",)')
        plastic = self.kind == "inference" if self.plastic is None else bool(self.plastic)
        name = self.name or f"{self.source} -> {self.target}"
        for attribute, value in {"tasks": tasks, "plastic": plastic, "name": name}.items():
            object.__setattr__(self, attribute, value)
        object.__setattr__(self, "declared", self.declared or user_line())

    @property
    def where(self) -> str:
        """What messages call the pathway: its name, and the line that declares it."""
        return f"Pathway {self.name!r}" + (f" ({self.declared})" if self.declared else "")

    @property
    def source_node(self) -> str:
        """Name of the input, area or output that the pathway leaves."""
        return self.source.partition(".")[0]

    @property
    def target_node(self) -> str:
        """Name of the area or output that the pathway reaches."""
        return self.target.partition(".")[0]


def inference(
    source: str,
    target: str,
    *,
    plastic: bool = True,
    weights: Initial | None = None,
    tasks: tuple[str, ...] | str = (),
    name: str = "",
) -> Pathway:
    """Declare an inference pathway, ``I_inf += r_source @ W``; see `Pathway`.

    Parameters
    ----------
    source : str
        ``"V1.SI"`` for a block, ``"image"`` for an input.
    target : str
        ``"V2.RI"`` for a block, ``"choice"`` for an output.
    plastic : bool
        Whether it learns.
    weights : Initial, optional
        Initial weights, by default ``Uniform(scaled=True)``.
    tasks : tuple of str or str
        Tasks in which it is open; empty: in all.
    name : str
        By default ``"source -> target"``.
    """
    return Pathway(source, target, "inference", plastic, weights, tasks, name)  # type: ignore[arg-type]


def error(
    source: str,
    target: str,
    *,
    weights: Initial | None = None,
    tasks: tuple[str, ...] | str = (),
    name: str = "",
) -> Pathway:
    """Declare an error pathway, ``I_err += e_source @ W``, which is fixed; see `Pathway`.

    Parameters
    ----------
    source : str
        ``"V2.SE"`` for a block, ``"choice"`` for an output.
    target : str
        ``"V1.RE"``: a block.
    weights : Initial, optional
        By default ``Uniform(scaled=True)`` from an output, ``Uniform()`` from an area.
    tasks : tuple of str or str
        Tasks in which it is open; empty: in all.
    name : str
        By default ``"source -> target"``.
    """
    return Pathway(source, target, "error", False, weights, tasks, name)  # type: ignore[arg-type]
