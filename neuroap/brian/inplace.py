"""In-place arithmetic for Brian2's numpy code: the same statements without temporary arrays.

Brian2 writes ``r = tanh(a + b); _array_r[:] = r``, which allocates two arrays and copies one. For arrays
larger than the cache that costs more than the arithmetic. This pass rewrites the statements into
``add(a, b, out=_array_r); tanh(_array_r, out=_array_r)``; whatever it does not recognise it leaves alone.
"""

from __future__ import annotations

import ast
import numbers
from collections.abc import Mapping
from typing import Any

import numpy as np

BINARY: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
}
SCRATCH = "_ap_scratch"
CAST = "_ap_scalar"


def rewrite(code: str, namespace: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Rewrite a block of numpy code.

    Parameters
    ----------
    code : str
        Statements as Brian2's numpy target writes them.
    namespace : mapping
        What the names of arrays and functions stand for.

    Returns
    -------
    code : str
    names : dict
        Scratch arrays, and the type of a scalar, to add to the namespace.
    """
    return _Rewriter(ast.parse(code), namespace).run()


class _Rewriter:
    def __init__(self, tree: ast.Module, namespace: Mapping[str, Any]) -> None:
        self.body = tree.body
        self.namespace = namespace
        self.stored = dict(s for s in map(_store, self.body) if s)  # variable -> array it ends up in
        self.arrays: dict[str, str] = {}  # variable -> array that holds it now
        self.scalars: set[str] = set()  # variables that hold a number
        self.lines: list[str] = []
        self.buffers: dict[str, np.ndarray] = {}
        self.free: list[str] = []
        self.like: np.ndarray | None = None

    def run(self) -> tuple[str, dict[str, Any]]:
        for statement in self.body:
            one_target = not isinstance(statement, ast.Assign) or len(statement.targets) == 1
            if not (one_target and (self._load(statement) or self._assign(statement) or self._drop_store(statement))):
                self._leave(statement)
        cast = {CAST: self.like.dtype.type} if self.like is not None else {}
        return "\n".join(self.lines), {**self.buffers, **cast}

    def _leave(self, statement: ast.stmt) -> None:
        """Keep a statement as it is; what it reads may lie elsewhere now."""
        self.lines.append(ast.unparse(self._resolve(statement)))
        if isinstance(statement, ast.Assign):
            is_scalar = self._is_scalar(statement.value)
            for name in (t.id for t in statement.targets if isinstance(t, ast.Name)):
                self.arrays.pop(name, None)
                (self.scalars.add if is_scalar else self.scalars.discard)(name)

    def _load(self, statement: ast.stmt) -> bool:
        """``x = _array_x`` or ``x = _array_x.copy()``: remember which array x stands for."""
        if not (isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name)):
            return False
        value = statement.value
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr == "copy":
            value = value.func.value
        if not (isinstance(value, ast.Name) and value.id.startswith("_array_")):
            return False
        array = self.namespace.get(value.id)
        if not (isinstance(array, np.ndarray) and array.dtype.kind == "f" and array.size > 1):
            return False
        if self.like is not None and (array.dtype, array.shape) != (self.like.dtype, self.like.shape):
            return False
        self.like = array
        self.arrays[statement.targets[0].id] = value.id
        return True

    def _drop_store(self, statement: ast.stmt) -> bool:
        """``_array_x[:] = x`` is done already if x was computed in place."""
        store = _store(statement)
        if store is None:
            return False
        name, array = store
        held = self.arrays.get(name)
        if held is not None and held != array:
            self.lines.append(f"_numpy.copyto({array}, {held})")
        return held is not None

    def _assign(self, statement: ast.stmt) -> bool:
        if isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
            target: ast.expr = statement.target
            value: ast.expr = ast.BinOp(ast.Name(statement.target.id), statement.op, statement.value)
        elif isinstance(statement, ast.Assign):
            target, value = statement.targets[0], statement.value
        else:
            return False
        if not isinstance(target, ast.Name):
            return False
        if not self._is_array(value):
            return self._fill(target.id, value)
        destination = self._destination(target.id)
        held = self._emit(value, destination, self._names(value))
        if held != destination:
            self._redirect(held, destination)
        self.arrays[target.id] = destination
        self.free = [b for b in self.buffers if b not in self.arrays.values()]
        return True

    def _redirect(self, held: str, destination: str) -> None:
        """Let the last operation write to `destination`: whatever the expression reads of it has been read."""
        end = f", out={held})"
        if held in self.buffers and self.lines and self.lines[-1].endswith(end):
            self.lines[-1] = f"{self.lines[-1].removesuffix(end)}, out={destination})"
        else:
            self.lines.append(f"_numpy.copyto({destination}, {held})")

    def _fill(self, name: str, value: ast.expr) -> bool:
        """A scalar that is stored in an array fills it."""
        if name not in self.stored or not self._is_scalar(value) or not self._fits(self.stored[name]):
            return False
        self.lines.append(f"{self.stored[name]}.fill({ast.unparse(value)})")
        self.arrays[name] = self.stored[name]
        return True

    def _fits(self, name: str) -> bool:
        array = self.namespace.get(name)
        if not (isinstance(array, np.ndarray) and array.dtype.kind == "f" and array.size > 1):
            return False
        self.like = array if self.like is None else self.like
        return (array.dtype, array.shape) == (self.like.dtype, self.like.shape)

    def _destination(self, name: str) -> str:
        array = self.stored.get(name)
        return array if array is not None and self._fits(array) else self._buffer()

    def _buffer(self) -> str:
        if self.free:
            return self.free.pop()
        assert self.like is not None
        name = f"{SCRATCH}_{len(self.buffers)}"
        self.buffers[name] = np.empty_like(self.like)
        return name

    def _emit(self, node: ast.expr, out: str, read: set[str]) -> str:
        """Write the operations of `node`; return where its value is. `read`: arrays that must survive."""
        if not self._is_array(node):
            # A float64 scalar would make numpy compute in float64, whatever the arrays are.
            return f"{CAST}({ast.unparse(node)})"
        if isinstance(node, ast.Name):
            return self.arrays[node.id]
        if isinstance(node, ast.BinOp) and type(node.op) in BINARY:
            return self._operation(BINARY[type(node.op)], [node.left, node.right], out, read)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return self._operation("negative", [node.operand], out, read)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and ast.unparse(node.right) in ("2", "2.0"):
            return self._operation("square", [node.left], out, read)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
            function = self.namespace.get(node.func.id)
            if isinstance(function, np.ufunc) and function.nin == len(node.args):
                return self._operation(node.func.id, node.args, out, read, prefix="")
        # Anything else (comparisons, user functions) stays as it is, with its temporary array.
        return f"({ast.unparse(self._resolve(node))})"

    def _operation(
        self, function: str, operands: list[ast.expr], out: str, read: set[str], prefix: str = "_numpy."
    ) -> str:
        spot = out if out not in read else self._buffer()
        values, buffers = [], []
        for k, operand in enumerate(operands):
            # The first operand may be computed where the result goes, the second needs a place of its own.
            needs_own = k > 0 and isinstance(operand, ast.BinOp | ast.Call | ast.UnaryOp) and self._is_array(operand)
            place = self._buffer() if needs_own else spot
            if needs_own:
                buffers.append(place)
            values.append(self._emit(operand, place, read))
        self.lines.append(f"{prefix}{function}({', '.join(values)}, out={spot})")
        self.free += buffers
        return spot

    def _is_array(self, node: ast.expr) -> bool:
        return any(isinstance(n, ast.Name) and n.id in self.arrays for n in ast.walk(node))

    def _is_scalar(self, node: ast.expr) -> bool:
        """Whether a value is a number for certain; what is unknown may be an array, such as ``randn(...)``."""
        if isinstance(node, ast.Constant):
            return True
        if isinstance(node, ast.Name):
            return node.id in self.scalars or isinstance(self.namespace.get(node.id), numbers.Number)
        if isinstance(node, ast.Subscript):
            return isinstance(node.slice, ast.Constant)
        if isinstance(node, ast.Call) and not isinstance(self.namespace.get(ast.unparse(node.func)), np.ufunc):
            return False
        parts = node.args if isinstance(node, ast.Call) else ast.iter_child_nodes(node)
        return all(self._is_scalar(part) for part in parts if isinstance(part, ast.expr))

    def _names(self, node: ast.expr) -> set[str]:
        return {self.arrays[n.id] for n in ast.walk(node) if isinstance(n, ast.Name) and n.id in self.arrays}

    def _resolve(self, node: ast.expr | ast.stmt) -> ast.AST:
        """Replace variables that are read by the arrays that hold them."""
        arrays = self.arrays

        class Names(ast.NodeTransformer):
            def visit_Name(self, name: ast.Name) -> ast.AST:
                read = isinstance(name.ctx, ast.Load) and name.id in arrays
                return ast.Name(arrays[name.id], ast.Load()) if read else name

        return Names().visit(ast.parse(ast.unparse(node)).body[0])


def _store(statement: ast.stmt) -> tuple[str, str] | None:
    """Recognise ``_array_x[:] = x``; return (x, _array_x)."""
    if not (isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Name)):
        return None
    target = statement.targets[0]
    if not (isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name)):
        return None
    if not target.value.id.startswith("_array_") or ast.unparse(target.slice) != ":":
        return None
    return statement.value.id, target.value.id
