"""In-place arithmetic against plain numpy: random blocks of statements, evaluated both ways."""

from __future__ import annotations

import re

import numpy as np
import pytest

from neuroap.brian.inplace import rewrite

Random = np.random.Generator
STATES = ("a", "b", "c", "d")
FUNCTIONS = {"tanh": np.tanh, "exp": np.exp, "abs": np.abs, "maximum": np.maximum, "clip": np.clip}


def expression(rng: Random, names: list[str], depth: int) -> str:
    """Text of a random expression over arrays, scalars and numbers, with every kind of node."""
    leaf = [*names, "k", "_lio_1", "_lio_2", "0.5", "2", "noise(_vectorisation_idx)"]
    if depth == 0 or rng.random() < 0.15:
        return str(rng.choice(leaf))
    x, y = (expression(rng, names, depth - 1) for _ in range(2))
    forms = [f"({x} {op} {y})" for op in "+-*"] * 2
    forms += [f"({x} / (1 + abs({y})))", f"(-{x})", f"({x}) ** 2", f"(abs({x}) + 0.1) ** 0.5", f"{x} ** 3"]
    forms += [f"tanh({x})", f"exp(-abs({x}))", f"maximum({x}, {y})", f"clip({x}, -0.5, 0.5)"]
    forms += [f"int_({x} > {y})", f"0.5 * ({x} < 0.3)", f"where({x} > 0, {x}, {y})"]
    return str(rng.choice(forms))


def block(rng: Random) -> str:
    """Statements as Brian2's numpy target writes them: scalars, loads, assignments, stores."""
    lines, known = [], [str(n) for n in rng.choice(STATES, size=rng.integers(1, 4), replace=False)]
    assigned: dict[str, None] = {}
    loaded = list(known)
    fixed: set[str] = set()  # plain numpy would change both of a = b by a += 1, and no integers
    for k in range(rng.integers(1, 6)):
        targets = [*STATES, f"_t{k}"]
        target = str(rng.choice(targets))
        value = expression(rng, known, int(rng.integers(1, 4)))
        if rng.random() < 0.3 and target in {*loaded} - fixed:
            lines.append(f"{target} {rng.choice(['+=', '-=', '*='])} {value}")
        else:
            if rng.random() < 0.2:
                value = str(rng.choice(["0.25", "_lio_1", "-_lio_2 * 3", *known]))
            lines.append(f"{target} = {value}")
            fixed |= {target, value}
        known = list(dict.fromkeys([*known, target]))
        assigned[target] = None
    loads = [f"{n} = _array_g_{n}" + (".copy()" if n in assigned else "") for n in loaded]
    stores = [f"_array_g_{n}[:] = {n}" for n in assigned if n in STATES]
    scalars = ["_vectorisation_idx = 1", "_lio_1 = _array_g_s[0]", "_lio_2 = 1.0 / 3.0 - _lio_1"]
    return "\n".join([*scalars, "_vectorisation_idx = size", "k = _array_g_k", *loads, *lines, *stores])


def arrays(dtype: str, n: int = 7) -> dict[str, np.ndarray]:
    """What the names of arrays stand for, the same at every call."""
    rng = np.random.default_rng(1)
    states = {f"_array_g_{name}": rng.uniform(-1, 1, n).astype(dtype) for name in STATES}
    return states | {"_array_g_k": np.arange(n), "_array_g_s": np.array([0.7])}


def run(code: str, dtype: str, *, in_place: bool) -> dict[str, np.ndarray]:
    """Execute a block, rewritten or not; return all arrays."""
    held = arrays(dtype)
    noise = np.random.default_rng(2).normal(size=7)
    names = {**held, **FUNCTIONS, "_numpy": np, "int_": np.int_, "where": np.where, "size": 7}
    names["noise"] = lambda _: noise
    if in_place:
        code, buffers = rewrite(code, names)
        names |= buffers
    exec(code, names)
    return held


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_random_blocks_give_the_same_arrays(dtype: str) -> None:
    """150 random blocks; in float32 to rounding, since scalars are then cast first."""
    rng, rewritten = np.random.default_rng(3), 0
    for _ in range(150):
        code = block(rng)
        expected, actual = run(code, dtype, in_place=False), run(code, dtype, in_place=True)
        rewritten += "out=" in rewrite(code, {**arrays(dtype), **FUNCTIONS})[0]
        for name, values in expected.items():
            assert actual[name].dtype == values.dtype
            tolerance = {"float64": 1e-13, "float32": 2e-5}[dtype] * max(1, np.abs(values).max())
            np.testing.assert_allclose(actual[name], values, rtol=0, atol=tolerance, err_msg=f"{name} of\n{code}")
    assert rewritten > 75


WANTED = (
    r"^_t\d = ",
    r"^[abcd] [-+*]= ",
    r"\.copy\(\)",
    r"\bk [-+*]",
    r"noise\(",
    r"int_\(",
    r" = 0.25$",
    r"^[abcd] = [abcd]$",
)


def test_the_blocks_hold_what_the_pass_has_to_get_right() -> None:
    """Temporaries, old values, integers, unknown functions, constants and copies occur again and again."""
    rng = np.random.default_rng(3)
    codes = [block(rng) for _ in range(150)]
    for wanted in WANTED:
        assert sum(re.search(wanted, code, re.MULTILINE) is not None for code in codes) >= 5, wanted
