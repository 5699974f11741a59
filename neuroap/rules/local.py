"""Local plasticity text, and the matrix products it amounts to."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import Any

from neuroap.errors import RuleError, did_you_mean

PRE = ("r_pre", "e_pre", "rest_pre")
POST = ("r_post", "e_post", "gain_post")
NAMES = (*PRE, *POST, "w", "phase")
FUNCTIONS = ("tanh", "exp", "log", "sqrt", "sin", "cos")
NODES = (ast.BinOp, ast.UnaryOp, ast.Call, ast.Name, ast.Load, ast.Constant, ast.operator, ast.unaryop)
OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.UAdd, ast.USub)
INFERENCE, LEARNING = 0, 1


@dataclass(frozen=True)
class Correlation:
    """One product of a plasticity rule: ``weight * mean over trials of pre * post``.

    Attributes
    ----------
    weight : str
        Text over ``w``: a factor of the synapse itself.
    pre, post : str
        Text over names of the presynaptic and of the postsynaptic neuron; "1" for none. ``r_post`` is
        split into ``r_post_inference`` and ``r_post_learning``.
    """

    weight: str
    pre: str
    post: str


def correlations(text: str) -> tuple[Correlation, ...]:
    """Split plasticity text into products that matrix multiplication can compute.

    The text gives the weight change ``dw`` of one synapse from names that are local to it:
    ``r_pre`` (the presynaptic rate at the end of inference, which the pathway transmits throughout),
    ``e_pre``, ``rest_pre`` (the presynaptic rate at rest: f(0) of the activation of an area, 0 of inputs and biases),
    ``r_post`` (the postsynaptic rate in the phase at hand), ``e_post`` (its error),
    ``gain_post`` (f' at the end of inference), ``w`` and ``phase`` (0 in inference, 1 in learning).
    It is summed over the two phases and averaged over the trials of the batch.

    Parameters
    ----------
    text : str
        For example ``"dw = -phase*r_pre*e_post"`` or, the same by eq. 2 of doi 10.7554/eLife.108237,
        ``"dw = (2*phase - 1)*r_pre*r_post"``.

    Raises
    ------
    RuleError
        Text that is no assignment to ``dw``, that uses a name that is not local, or that does not
        separate into presynaptic and postsynaptic factors.
    """
    expression = _parse(text)
    import sympy

    symbols = {name: sympy.Symbol(name, real=True) for name in (*NAMES, "r_post_inference", "r_post_learning")}
    whole = sympy.parse_expr(expression, local_dict=dict(symbols))
    groups: dict[tuple[Any, Any], Any] = {}
    for phase, name in ((INFERENCE, "r_post_inference"), (LEARNING, "r_post_learning")):
        gated = whole.subs({symbols["phase"]: phase, symbols["r_post"]: symbols[name]})
        if gated.has(sympy.nan, sympy.zoo, sympy.oo, -sympy.oo, sympy.I):
            raise RuleError("plasticity", "is no finite number in every phase", text.strip())
        if phase == INFERENCE and gated.has(symbols["e_post"], symbols["e_pre"]):
            hint = "multiply the errors by phase: they exist at the end of the learning phase"
            raise RuleError("plasticity", "errors are used outside the learning phase", text.strip(), hint)
        for term in sympy.Add.make_args(sympy.expand(gated)):
            weight, pre, post = _separate(term, text)
            groups[weight, pre] = groups.get((weight, pre), 0) + post
    return tuple(_correlation(w, pre, post) for (w, pre), post in groups.items() if post != 0 and w != 0)


def _parse(text: str) -> str:
    """Return the right-hand side of ``dw = ...`` after checking that every name is local."""
    try:
        body = ast.parse(text.strip()).body
    except SyntaxError as error:
        raise RuleError("plasticity", f"cannot be parsed: {error.msg}", text.strip()) from None
    is_assignment = len(body) == 1 and isinstance(body[0], ast.Assign)
    if not is_assignment or [ast.unparse(t) for t in body[0].targets] != ["dw"]:  # type: ignore[attr-defined]
        raise RuleError("plasticity", "must be one line 'dw = ...'", text.strip())
    value = body[0].value  # type: ignore[attr-defined]
    called = {node.func for node in ast.walk(value) if isinstance(node, ast.Call)}
    for node in ast.walk(value):
        if isinstance(node, ast.Attribute | ast.Subscript):
            raise RuleError("plasticity", "only plain names are local to a synapse", ast.unparse(node))
        if not _is_arithmetic(node):
            rule = f"only + - * / ** and the functions {', '.join(FUNCTIONS)} are understood"
            raise RuleError("plasticity", rule, text.strip())
        if isinstance(node, ast.Name) and node.id not in (FUNCTIONS if node in called else NAMES):
            kind = "function" if node in called else "name"
            hint = did_you_mean(node.id, FUNCTIONS if node in called else NAMES)
            raise RuleError("plasticity", f"{kind} {node.id!r} is not local to the synapse", text.strip(), hint)
    return ast.unparse(value)


def _is_arithmetic(node: ast.AST) -> bool:
    """Whether a node is one of those that a product or a sum is made of."""
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and len(node.args) == 1 and not node.keywords
    if isinstance(node, ast.operator | ast.unaryop):
        return isinstance(node, OPERATORS)
    if isinstance(node, ast.Constant):
        return type(node.value) in (int, float)
    return isinstance(node, NODES)


def _separate(term: Any, text: str) -> tuple[Any, Any, Any]:
    """Split a product into factors of the synapse, the presynaptic and the postsynaptic neuron."""
    import sympy

    weight = pre = post = sympy.Integer(1)
    for factor in term.as_ordered_factors():
        names = {s.name for s in factor.free_symbols}
        if names <= {"w"}:
            weight = weight * factor
        elif names <= set(PRE):
            pre = pre * factor
        elif names.isdisjoint(PRE) and "w" not in names:
            post = post * factor
        else:
            hint = "write it as a sum of products of a presynaptic and a postsynaptic factor"
            rule = f"{factor} mixes {', '.join(sorted(names))} and is no sum of products"
            raise RuleError("plasticity", rule, text.strip(), hint)
    number, weight = weight.as_coeff_Mul()
    return weight, pre, post * number


def _correlation(weight: Any, pre: Any, post: Any) -> Correlation:
    number, rest = post.as_coeff_Mul()
    return Correlation(_text(weight * float(number)), _text(pre), _text(rest))


def _text(value: Any) -> str:
    """Text that Brian2 understands: it knows neither Abs, which roots of squares become, nor E."""
    return re.sub(r"\bE\b", "exp(1)", re.sub(r"\bAbs\b", "abs", str(value)))
