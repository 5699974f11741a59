"""Code objects of our own, derived from those of the device: neuroap's templates, single precision kept single."""

from __future__ import annotations

import re
from functools import cache
from types import CodeType
from typing import Any

import numpy as np
from brian2 import get_device, prefs
from brian2.codegen.runtime.numpy_rt import NumpyCodeObject
from brian2.core.variables import ArrayVariable, Constant
from brian2.devices.device import RuntimeDevice

from neuroap.brian.inplace import rewrite

ELEMENTWISE = "ap_elementwise"
IN_PLACE = (ELEMENTWISE, "stateupdate")  # the latter: code that a user runs on a group
# A number with a point or an exponent that is neither part of a name nor has a suffix already.
LITERAL = re.compile(r"(?<![\w.])((?:\d+\.\d*|\.\d+)(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+)(?![\w.])")


class NumpyInPlaceCodeObject(NumpyCodeObject):
    """Brian2's numpy code object with neuroap's templates before Brian2's own.

    At run time numpy is used whatever ``codegen.target`` says: its vectorised tanh is an order of
    magnitude faster than a scalar loop, and nothing needs compiling.
    """

    templater = NumpyCodeObject.templater.derive("neuroap.brian")

    def compile_block(self, block: str) -> CodeType | None:
        code = getattr(self.code, block, "").strip()
        if block != "run" or self.template_name not in IN_PLACE or "EMPTY_CODE_BLOCK" in code:
            return super().compile_block(block)
        rewritten, buffers = rewrite(code, self.namespace)
        self.namespace.update(buffers)
        return compile(rewritten, f"({self.name})", "exec")


def code_object_class() -> type[Any]:
    """The class that runs neuroap's code on the current device."""
    device = get_device()
    if isinstance(device, RuntimeDevice):
        return NumpyInPlaceCodeObject
    return _compiled(device.code_object_class(None))


@cache
def _compiled(base: type[Any]) -> type[Any]:
    """A standalone device's code object with neuroap's templates, and arithmetic in the network's precision."""
    generator = type(f"Cortical{base.generator_class.__name__}", (_SinglePrecision, base.generator_class), {})
    members = {"templater": base.templater.derive("neuroap.brian"), "generator_class": generator}
    return type(f"Cortical{base.__name__}", (base,), members)


class _SinglePrecision:
    """Mixin of a C++ code generator: a number in double would make the compiler compute in double.

    Scalar code, which runs once per call, keeps its precision (``1 - beta2**k`` loses half its digits in
    single precision); in vector code, numbers become those of the network's type, as they do in NumPy.
    """

    variables: dict[str, Any]

    def translate_statement_sequence(self, sc_statements: Any, ve_statements: Any) -> Any:
        scalar, vector, keywords = super().translate_statement_sequence(sc_statements, ve_statements)  # type: ignore[misc]
        if prefs.core.default_float_dtype == np.float32:
            vector = {block: self._single(code) for block, code in vector.items()}
        return scalar, vector, keywords

    def _single(self, code: Any) -> Any:
        if not isinstance(code, str):
            return [self._single(line) for line in code]
        doubles = [n for n, v in self.variables.items() if _is_double_scalar(v)]
        for name in doubles:
            code = re.sub(rf"(?<![\w.]){name}(?!\w)", f"float({name})", code)
        return LITERAL.sub(r"\1f", code)


def _is_double_scalar(variable: Any) -> bool:
    if isinstance(variable, Constant):
        return isinstance(variable.value, float | np.float64)
    return isinstance(variable, ArrayVariable) and variable.scalar and variable.dtype == np.float64
