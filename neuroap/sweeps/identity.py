"""Texts by which a later run recognises a function and its settings."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import re
import sys
from collections.abc import Mapping
from contextvars import ContextVar
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np
import xarray as xr

from neuroap.errors import SettingError

LONGEST = 300  # characters; of longer texts the beginning and a digest are kept
ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
UNTOLD = "\0"  # stands for what a text does not tell
# Functions that are being described: one that calls itself is among what it needs.
_within: ContextVar[tuple[FunctionType, ...]] = ContextVar("_within", default=())


def described(value: object, where: str) -> str:
    """Describe a value, so that equal values give equal texts on every run.

    A function is described by its module and name; a lambda, and a function made in another, whose names say
    little, also by code, defaults, and what it has from around it. Python must be of the same version for that.

    Parameters
    ----------
    value : object
        A number, text, array, Dataset, function, dataclass, a container of these, or an object whose ``repr``
        says all about it.
    where : str
        The argument that it belongs to, for the error.

    Raises
    ------
    SettingError
        For a container that contains itself; for an object whose ``repr`` shows an address in memory, which says
        nothing on the next run, or does not tell all: with parts left out (...), or of a trained model; or for a lambda
        or inner function that has such an object from around it.
    """
    try:
        text = _text(value)
    except RecursionError:
        raise SettingError(where, "contains itself", type(value).__name__, "give numbers, texts or arrays") from None
    if isinstance(value, FunctionType) and not _says_all(text):
        hint = "give that to the sweep as an argument, or let the function make it; or write a function with a name"
        rule = "has something from around it that cannot be recognised when the sweep is run again"
        raise SettingError(where, rule, value.__qualname__, hint)
    if ADDRESS.search(text):
        hint = "give a name or numbers, and let the function make the object; or give its class a __repr__"
        raise SettingError(where, "cannot be recognised when the sweep is run again", value, hint)
    if UNTOLD in text:
        hint = "give the file it is stored in, and let the function load it; or give arrays"
        kind = type(value).__name__
        raise SettingError(where, "cannot be told from others of its kind when the sweep is run again", kind, hint)
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 3]}... sha256 {_digest(text.encode())}"


def _text(value: Any) -> str:
    if isinstance(value, float | np.floating):
        return repr(int(value)) if float(value).is_integer() else repr(float(value))
    if isinstance(value, np.generic):
        return repr(value.item())
    if isinstance(value, Path):
        return repr(str(value))
    if isinstance(value, np.ndarray):
        content = value.tolist() if value.dtype.hasobject else np.ascontiguousarray(value).tobytes()
        text = "" if isinstance(content, bytes) else _text(content)
        if not _says_all(text):
            return text
        digest = _digest(content if isinstance(content, bytes) else text.encode())
        return f"array {value.dtype} {value.shape} sha256 {digest}"
    if isinstance(value, ModuleType):
        return f"module {value.__name__}"
    return _of_parts(value) or _of_callable(value) or _of_object(value)


def _of_parts(value: Any) -> str:
    """The text of a value that has parts; "" for others."""
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_text, value)) + "]"
    if isinstance(value, set | frozenset):
        return "{" + ", ".join(sorted(map(_text, value))) + "}"
    if hasattr(value, "to_xarray"):  # a table or column of pandas
        return f"{type(value).__qualname__} {_text(value.to_xarray())}"
    if isinstance(value, xr.Dataset):
        return f"Dataset {_text(dict(value.variables))} {_text(value.attrs)}"
    if isinstance(value, xr.DataArray):
        return f"DataArray {value.name} {_text(value.to_dataset(name='values'))}"
    if isinstance(value, xr.Variable):
        return f"{value.dims} {_text(value.values)} {_text(value.attrs)}"
    if isinstance(value, Mapping):  # a Dataset is one too
        return "{" + ", ".join(sorted(f"{_text(key)}: {_text(item)}" for key, item in value.items())) + "}"
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value) if f.compare}
        return f"{type(value).__qualname__}{_text(fields)}"
    return ""


def _of_callable(value: Any) -> str:
    """The text of a function or class; "" for others."""
    if isinstance(value, functools.partial):
        return f"partial({_text(value.func)}, {_text(value.args)}, {_text(value.keywords)})"
    if callable(value) and hasattr(value, "__qualname__") and not hasattr(value, "__self__"):
        name = f"{_module(value.__module__)}.{value.__qualname__}"
        return f"{name} {_inside(value)}" if isinstance(value, FunctionType) and "<" in value.__qualname__ else name
    if callable(value) and hasattr(value, "__self__") and hasattr(value, "__name__"):
        return f"{_text(value.__self__)}.{value.__name__}"
    return ""


def _inside(function: FunctionType) -> str:
    """What tells a lambda or an inner function from others of its name: code, defaults, what it has from around it."""
    within = _within.get()
    if function in within:
        return "itself"
    token = _within.set((*within, function))
    try:
        around = dict(zip(function.__code__.co_freevars, map(_content, function.__closure__ or ()), strict=True))
        needs = [function.__defaults__ or (), function.__kwdefaults__ or {}, around]
        return " ".join([f"sha256 {_digest(_code(function.__code__).encode())}", *(_text(n) for n in needs if n)])
    finally:
        _within.reset(token)


def _content(cell: Any) -> object:
    try:
        return cell.cell_contents
    except ValueError:  # a name that has no value yet
        return "nothing"


def _code(code: CodeType) -> str:
    """What code does, wherever it stands."""
    names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    counts = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags)
    return f"{code.co_code!r} {code.co_exceptiontable!r} {names} {counts} {_constant(code.co_consts)}"


def _constant(value: object) -> str:
    if isinstance(value, CodeType):
        return _code(value)
    if isinstance(value, tuple):
        return "(" + ", ".join(map(_constant, value)) + ")"
    if isinstance(value, frozenset):  # its order differs from run to run
        return "{" + ", ".join(sorted(map(_constant, value))) + "}"
    return repr(value)


def _of_object(value: Any) -> str:
    """The text of any other value, if there is one that tells all: not with parts left out, not of a trained model."""
    if any(n.endswith("_") and not n.startswith("_") for n in getattr(value, "__dict__", ())):
        return UNTOLD
    if hasattr(value, "get_params") and not isinstance(value, type):  # the repr of an estimator leaves parts out
        return f"{type(value).__qualname__}{_text(value.get_params(deep=False))}"
    text = repr(value)
    return UNTOLD if "..." in text and not isinstance(value, str | bytes) else text


def _module(name: str) -> str:
    """The name of a module; for a script that of its file, because every script is called ``__main__``."""
    file = getattr(sys.modules.get("__main__"), "__file__", None)
    return Path(file).stem if name == "__main__" and file else name


def _says_all(text: str) -> bool:
    return not ADDRESS.search(text) and UNTOLD not in text


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
