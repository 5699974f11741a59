"""What a layout is made of: inputs, areas with named blocks, outputs."""

from __future__ import annotations

import ast
import math
import numbers
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from neuroap.errors import EquationsError, LayoutError, user_line
from neuroap.layout.activations import activation
from neuroap.layout.blocks import Block, Blocks, as_blocks, check_name, is_integer
from neuroap.layout.cells import check_cells, check_lesions, with_cells
from neuroap.layout.initial import INITIALS, Initial, Recurrence, Uniform, set_positive

EQUATIONS = """\
du/dt = (-u + I_rec + b + I_inf - beta*I_err)/tau : 1
r = {activation} : 1"""


@dataclass(frozen=True)
class Input:
    """A layer of `size` nodes whose rates are the stimulus.

    Parameters
    ----------
    name : str
    size : int
    frames : int
        More than one: a stimulus that changes while the areas settle. Its frames are shown one after the
        other, each for the same time, in the window of every area that the input drives; a row of X holds
        ``frames * size`` numbers, frame after frame. In the learning phase areas that start from rest (STE)
        see them once more, areas that go on (EPE) keep the last one. For plasticity the presynaptic rate is
        the mean over the frames.

    Raises
    ------
    LayoutError
        Malformed names, sizes or frames that are no positive integers.
    """

    name: str
    size: int
    frames: int = 1
    declared: str = field(default="", compare=False, repr=False)

    def __post_init__(self) -> None:
        _check_node(self, "size")
        _check_count(self, "frames")

    @property
    def columns(self) -> int:
        """Columns of X: all frames of all nodes."""
        return self.frames * self.size


@dataclass(frozen=True)
class Output:
    """`size` nodes with softmax activation, r = softmax(I_inf + b), one per class.

    Parameters
    ----------
    bias : Initial
        Initial bias; it stays fixed unless the learning rule moves biases.
    """

    name: str
    size: int
    bias: Initial = Uniform(scaled=True)
    declared: str = field(default="", compare=False, repr=False)

    def __post_init__(self) -> None:
        _check_node(self, "size")
        _check_bias(self)


@dataclass(frozen=True)
class Area:
    """A recurrent area: N rate neurons, split into named blocks.

    ``tau du/dt = -u + r @ W_rec + b + I_inf - beta I_err``, ``r = f(u)`` (eq. 1 of
    doi 10.7554/eLife.108237); integrated with dt = tau this is the published map.

    Parameters
    ----------
    name : str
        Letters, digits and underscores.
    blocks : int, mapping or iterable of Block
        An int makes the four standard blocks of that size: RI receives inference, SI sends inference,
        RE receives error, SE sends error. A mapping gives ``{name: size}`` one after the other, or
        ``{name: (start, stop)}`` for ranges that may overlap; ``{name: {"E": 205, "I": 51}}`` counts excitatory
        and inhibitory cells.
    neurons : int, optional
        Number of neurons N; at least what the blocks cover. Neurons may belong to no block.
    activation : str
        A name of `neuroap.layout.ACTIVATIONS`. With `equations` of your own it says what ``gain_post`` is, where the
        learning rule asks for f', and what `rest` is.
    recurrence : Recurrence or None
        None for an area without recurrent connections.
    bias : Initial, optional
        Initial bias of the N neurons; None means zero.
    tau_ms : float
        Membrane time constant in milliseconds.
    excitatory : float, optional
        The fraction of excitatory cells in every block that does not count its own, and among neurons in no block;
        they come first, inhibitory cells after them. Cells are addressed as ``"V1.SI.E"`` and ``"V1.SI.I"``.
        Without `dale` these are mere labels.
    dale : bool
        Dale's law: all weights that leave an excitatory cell are positive or zero, those that leave an inhibitory
        cell negative or zero, from the beginning and after every update (see `Recurrence` for the balance, and
        ``AdjointPropagation.dale`` for the update). Rates must not be negative.
    lesions : tuple of str
        Cells that are silent, such as ``("SE.I",)``: nothing leaves them, and nothing that leaves them learns.
    equations : str, optional
        Brian2 equations that replace the default ones (see `model_equations`). They must define the
        rate ``r`` and may use ``I_rec``, ``I_inf``, ``I_err``, ``b``, ``beta`` and ``tau``, noise
        (``xi``), variables of their own, and what tells cells apart: ``excitatory``, 1 for excitatory cells and 0
        for inhibitory ones, and ``neuron``, which counts the neurons of the area from 0. At the beginning of a phase
        all states are 0.
    rest : float, optional
        With `equations` of your own the rate that they give at rest, where `Balanced` biases ask for it; None: that
        of `activation`.

    Raises
    ------
    LayoutError
        Sizes that do not fit, duplicate or malformed names, unknown activations; cell types that contradict each
        other, or that Dale's law lacks.
    EquationsError
        Equations that do not define the rate ``r``.
    """

    name: str
    blocks: Blocks
    neurons: int | None = None
    activation: str = "tanh"
    recurrence: Recurrence | None = Recurrence()
    bias: Initial | None = None
    tau_ms: float = 10.0
    equations: str | None = None
    excitatory: float | None = None
    dale: bool = False
    lesions: tuple[str, ...] = ()
    rest: float | None = None
    declared: str = field(default="", compare=False, repr=False)

    def __post_init__(self) -> None:
        blocks = as_blocks(self.blocks)
        with_cells(blocks, self.excitatory)  # which must be a fraction
        object.__setattr__(self, "excitatory", None if self.excitatory is None else float(self.excitatory))
        covered = max(b.stop for b in blocks)
        object.__setattr__(self, "blocks", blocks)
        object.__setattr__(self, "neurons", covered if self.neurons is None else self.neurons)
        _check_node(self, "neurons")
        _check_bias(self)
        if self.size < covered:
            hint = f"give neurons={covered} or more, or smaller blocks"
            raise LayoutError("Area.neurons", f"blocks of {self.name!r} reach {covered} neurons", self.neurons, hint)
        if not isinstance(self.recurrence, Recurrence | None):
            hint = "for example recurrence=Recurrence(spectral_radius=0.25)"
            raise LayoutError("Area.recurrence", "must be a Recurrence, or None for none", self.recurrence, hint)
        set_positive(self, "tau_ms", rule="must be a positive number of milliseconds")
        activation(self.activation)
        if self.equations is not None:
            _check_equations(self.name, self.equations)
        _check_rest(self)
        object.__setattr__(self, "lesions", check_lesions(self.lesions))
        check_cells(self)

    @property
    def size(self) -> int:
        """Number of neurons N."""
        assert isinstance(self.neurons, int)
        return self.neurons

    @property
    def block_list(self) -> tuple[Block, ...]:
        """The blocks in the order of declaration, with the numbers of cells that `excitatory` gives them."""
        assert isinstance(self.blocks, tuple)
        return with_cells(self.blocks, self.excitatory)

    @property
    def rest_rate(self) -> float:
        """The rate at rest: what `rest` says, or f(0) of the activation."""
        return activation(self.activation).rest if self.rest is None else self.rest

    @property
    def model_equations(self) -> str:
        """The Brian2 equations of this area: the user's, or the default ones."""
        if self.equations is not None:
            return self.equations
        return EQUATIONS.format(activation=activation(self.activation).equation)


Node = Input | Area | Output


def _check_node(node: Node, field_of_size: str) -> None:
    object.__setattr__(node, "declared", node.declared or user_line())
    check_name(f"{type(node).__name__}.name", node.name)
    _check_count(node, field_of_size)


def _check_count(node: Node, name: str) -> None:
    count = getattr(node, name)
    if not is_integer(count) or count < 1:
        raise LayoutError(f"{type(node).__name__}.{name}", "must be a positive integer", count)
    # NumPy's integers would be neither printed nor saved as plain ones.
    object.__setattr__(node, name, int(count))


def _check_bias(node: Area | Output) -> None:
    if node.bias is not None and not isinstance(node.bias, tuple(INITIALS.values())):
        rule = "must be Uniform, Normal, Zeros, Constant, Balanced or None"
        is_number = isinstance(node.bias, numbers.Real) and not isinstance(node.bias, bool)
        hint = f"for example bias=Constant({node.bias})" if is_number else "for example bias=Zeros()"
        raise LayoutError(f"{type(node).__name__}.bias", rule, node.bias, hint)


def _check_rest(area: Area) -> None:
    if area.rest is None:
        return
    if not isinstance(area.rest, numbers.Real) or isinstance(area.rest, bool) or not math.isfinite(area.rest):
        raise LayoutError("Area.rest", "must be a number, or None", area.rest)
    if area.equations is None:
        hint = f"leave it out: activation={area.activation!r} has the rate {activation(area.activation).rest:g} at rest"
        raise LayoutError("Area.rest", "belongs to equations of your own", area.rest, hint)
    object.__setattr__(area, "rest", float(area.rest))


def _check_equations(area: str, text: str) -> None:
    """Reject what can be seen without a simulator; Brian2 checks syntax and units when it compiles."""
    if not re.search(r"^\s*(r\s*=|dr/dt\s*=|r\s*:)", text, re.MULTILINE):
        hint = "add a line such as 'r = tanh(u) : 1'"
        raise EquationsError("Area.equations", f"equations of {area!r} define no rate 'r'", text.strip(), hint)
    for statement in _statements(area, text):
        _, equals, expression = statement.partition("=")
        try:
            ast.parse(expression.strip() if equals else "0", mode="eval")
        except SyntaxError as error:
            raise EquationsError("Area.equations", f"{error.msg} in the equations of {area!r}", statement) from None


def _statements(area: str, text: str) -> Iterable[str]:
    """What stands before each unit; an equation may span several lines, up to the ``: unit`` that ends it."""
    statement = ""
    for line in text.splitlines():
        body, colon, _ = line.split("#")[0].partition(":")
        if statement and re.match(r"\s*(d\w+/dt|\w+)\s*=[^=]", body):
            raise _without_unit(area, statement)  # the next one begins
        statement = f"{statement} {body.strip()}".strip()
        if colon:
            yield statement
            statement = ""
    if statement:
        raise _without_unit(area, statement)


def _without_unit(area: str, statement: str) -> EquationsError:
    hint = "end each equation with its unit, for example 'r = tanh(u) : 1'"
    return EquationsError("Area.equations", f"no unit in the equations of {area!r}", statement, hint)
