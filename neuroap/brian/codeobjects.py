"""Code objects of our own, derived from those of the device: neuroap's templates, in-place arithmetic."""

from __future__ import annotations

from types import CodeType
from typing import Any

from brian2.codegen.runtime.numpy_rt import NumpyCodeObject

from neuroap.brian.inplace import rewrite

ELEMENTWISE = ("stateupdate", "ap_update")


class NumpyInPlaceCodeObject(NumpyCodeObject):
    """Brian2's numpy code object with neuroap's templates before Brian2's own.

    At run time numpy is used whatever ``codegen.target`` says: its vectorised tanh is an order of
    magnitude faster than a scalar loop, and nothing needs compiling.
    """

    templater = NumpyCodeObject.templater.derive("neuroap.brian")

    def compile_block(self, block: str) -> CodeType | None:
        code = getattr(self.code, block, "").strip()
        if block != "run" or self.template_name not in ELEMENTWISE or "EMPTY_CODE_BLOCK" in code:
            return super().compile_block(block)
        rewritten, buffers = rewrite(code, self.namespace)
        self.namespace.update(buffers)
        return compile(rewritten, f"({self.name})", "exec")


def code_object_class() -> type[Any]:
    """The class that runs neuroap's code on the current device."""
    return NumpyInPlaceCodeObject
