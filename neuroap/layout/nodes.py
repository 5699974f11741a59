"""What a layout is made of: inputs, areas with named blocks, outputs."""

from __future__ import annotations

import ast
import numbers
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from neuroap.errors import EquationsError, LayoutError, user_line
from neuroap.layout.activations import activation
from neuroap.layout.initial import INITIALS, Initial, Recurrence, Uniform, set_positive

STANDARD_BLOCKS = ("RI", "SI", "RE", "SE")
WHOLE = "all"

EQUATIONS = """\
du/dt = (-u + I_rec + b + I_inf - beta*I_err)/tau : 1
r = {activation} : 1"""


@dataclass(frozen=True)
class Block:
    """A named contiguous range ``[start, start + size)`` of an area's neurons."""

    name: str
    start: int
    size: int

    @property
    def stop(self) -> int:
        """One past the last neuron."""
        return self.start + self.size


Blocks = int | Mapping[str, "int | tuple[int, int]"] | Iterable[Block]


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
        ``{name: (start, stop)}`` for ranges that may overlap.
    neurons : int, optional
        Number of neurons N; at least what the blocks cover. Neurons may belong to no block.
    activation : str
        A name of `neuroap.layout.ACTIVATIONS`. With `equations` of your own it only says what ``gain_post`` is
        where the learning rule asks for f'.
    recurrence : Recurrence or None
        None for an area without recurrent connections.
    bias : Initial, optional
        Initial bias of the N neurons; None means zero.
    tau_ms : float
        Membrane time constant in milliseconds.
    equations : str, optional
        Brian2 equations that replace the default ones (see `model_equations`). They must define the
        rate ``r`` and may use ``I_rec``, ``I_inf``, ``I_err``, ``b``, ``beta`` and ``tau``, noise
        (``xi``) and variables of their own.

    Raises
    ------
    LayoutError
        Sizes that do not fit, duplicate or malformed names, unknown activations.
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
    declared: str = field(default="", compare=False, repr=False)

    def __post_init__(self) -> None:
        blocks = as_blocks(self.blocks)
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

    @property
    def size(self) -> int:
        """Number of neurons N."""
        assert isinstance(self.neurons, int)
        return self.neurons

    @property
    def block_list(self) -> tuple[Block, ...]:
        """The blocks in the order of declaration."""
        assert isinstance(self.blocks, tuple)
        return self.blocks

    @property
    def model_equations(self) -> str:
        """The Brian2 equations of this area: the user's, or the default ones."""
        if self.equations is not None:
            return self.equations
        return EQUATIONS.format(activation=activation(self.activation).equation)


Node = Input | Area | Output


def as_blocks(blocks: Blocks) -> tuple[Block, ...]:
    """Lay blocks out in an area; see `Area` for the forms they may be given in."""
    if _is_integer(blocks):
        blocks = dict.fromkeys(STANDARD_BLOCKS, blocks)  # type: ignore[assignment]
    try:
        laid = tuple(_from_mapping(blocks)) if isinstance(blocks, Mapping) else tuple(blocks)  # type: ignore[arg-type]
    except (TypeError, ValueError):  # not to be iterated, or no pair of start and stop
        laid = ()
    if not laid or not all(isinstance(b, Block) for b in laid):
        hint = 'for example blocks=256, {"RI": 256, "SI": 128} or {"RI": (0, 256), "SI": (0, 256)}'
        raise LayoutError("Area.blocks", "must be a size, a mapping or a sequence of Block", blocks, hint)
    laid = tuple(map(_checked_block, laid))
    if len({b.name for b in laid}) < len(laid):
        raise LayoutError("Area.blocks", "names must be different", [b.name for b in laid])
    return laid


def _from_mapping(blocks: Mapping[str, int | tuple[int, int]]) -> Iterable[Block]:
    stop = 0
    for name, extent in blocks.items():
        start, end = extent if isinstance(extent, Iterable) else (stop, stop + extent)
        yield Block(name, start, end - start)
        stop = max(stop, end)


def _is_integer(value: object) -> bool:
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def _checked_block(block: Block) -> Block:
    _check_name("Block.name", block.name)
    if block.name == WHOLE:
        raise LayoutError("Block.name", f"{WHOLE!r} is the name of the whole area", block.name)
    if not (_is_integer(block.start) and _is_integer(block.size)):
        rule = f"neurons of block {block.name!r} must be counted in integers"
        raise LayoutError("Area.blocks", rule, (block.start, block.stop))
    if block.size < 1 or block.start < 0:
        raise LayoutError("Area.blocks", f"block {block.name!r} must hold neurons", (block.start, block.stop))
    return Block(block.name, int(block.start), int(block.size))


def _check_node(node: Node, field_of_size: str) -> None:
    object.__setattr__(node, "declared", node.declared or user_line())
    _check_name(f"{type(node).__name__}.name", node.name)
    _check_count(node, field_of_size)


def _check_count(node: Node, name: str) -> None:
    count = getattr(node, name)
    if not _is_integer(count) or count < 1:
        raise LayoutError(f"{type(node).__name__}.{name}", "must be a positive integer", count)
    # NumPy's integers would be neither printed nor saved as plain ones.
    object.__setattr__(node, name, int(count))


def _check_bias(node: Area | Output) -> None:
    if node.bias is not None and not isinstance(node.bias, tuple(INITIALS.values())):
        hint = "for example bias=Zeros()"
        raise LayoutError(f"{type(node).__name__}.bias", "must be Uniform, Normal, Zeros or None", node.bias, hint)


def _check_name(where: str, name: object) -> None:
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII):
        raise LayoutError(where, "must be letters, digits and underscores, a letter first", name)


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
        statement = f"{statement} {body.strip()}".strip()
        if colon:
            yield statement
            statement = ""
    if statement:
        hint = "end each equation with its unit, for example 'r = tanh(u) : 1'"
        raise EquationsError("Area.equations", f"no unit in the equations of {area!r}", statement, hint)
