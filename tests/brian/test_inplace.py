"""In-place arithmetic: the same results as Brian2's own numpy code, no temporaries, no change of precision."""

from __future__ import annotations

import re
import tracemalloc
from collections.abc import Callable

import brian2
import numpy as np
import pytest
from brian2.codegen.runtime.numpy_rt import NumpyCodeObject

from neuroap.brian import CorticalNetwork
from neuroap.brian.codeobjects import NumpyInPlaceCodeObject
from neuroap.brian.inplace import rewrite
from neuroap.layout import hierarchy
from neuroap.rules import AdjointPropagation

DTYPES = ("float64", "float32")
# Statements over x, y, z (state), s (shared), k (integers) and c (a constant), as a user may write them.
STATEMENTS = {
    "its own old value": "x = x + 0.1*(y - x)",
    "several from old values": "x_ = x + y\ny_ = x - y\nx = x_\ny = y_",
    "one after the other": "x = x + y\ny = x - y",
    "a swap": "h = x\nx = y\ny = h",
    "a scalar": "x = 0",
    "a shared scalar": "x = s\ny = s*y",
    "a shared scalar in a function": "x = tanh(s) + x",
    "functions": "x = tanh(y) + exp(-abs(z))*sin(x)",
    "nested": "x = tanh(tanh(x + y)*(y - z*x) + tanh(z*(x + y)))",
    "a product of sums": "x = (x + y)*(x - y) - (z + 1)*(z - x)",
    "where r > 0": "x = y*int(y > 0) + 0.1*int(y <= 0 and x > 0)",
    "clip": "x = clip(y + z, -0.2, 0.3)",
    "squares": "x = y**2 + z**2.0",
    "other powers": "x = abs(y)**0.5 + z**3 + abs(y)**-1",
    "augmented": "x += y\nx -= 2*z\nx *= s\nx /= c",
    "augmented by itself": "x *= x\ny += y*x",
    "integers": "x = k*y + k/4.0 - k % 3",
    "only integers": "x = k",
    "division": "x = (y/(1 + z*z))/(2/(1 + x*x))",
    "minus": "x = -(y + z) - (-x)",
    "the same name twice": "x = y + z\nx = x*z\nx = x + y",
    "time": "x = y*exp(-t/(10*ms)) + dt/ms",
    "the index": "x = y + i",
    "constants": "x = c*y + 3*c",
}


def initial() -> dict[str, np.ndarray]:
    """The state at the start."""
    rng = np.random.default_rng(5)
    return {name: rng.uniform(-1, 1, 9) for name in "xyz"}


Groups = tuple[brian2.NeuronGroup, brian2.NeuronGroup]


def groups(code: str, dtype: str) -> Groups:
    """Two groups that run `code` in every step: by Brian2's numpy target, and in place."""
    made = []
    for cls in (NumpyCodeObject, NumpyInPlaceCodeObject):
        group = brian2.NeuronGroup(
            9,
            "x : 1\ny : 1\nz : 1\nk : integer (constant)\ns : 1 (shared)",
            dtype=dict.fromkeys("xyz", np.dtype(dtype)),
            codeobj_class=cls,
            namespace={"c": 1.25},
        )
        for name, values in initial().items():
            setattr(group, name, values)
        group.k, group.s = np.arange(9), 0.75
        group.run_regularly(code, when="groups")
        made.append(group)
    return made[0], made[1]


@pytest.fixture(scope="module")
def ran() -> dict[tuple[str, str], Groups]:
    """All statements in both dtypes, after three steps."""
    made = {(name, dtype): groups(code, dtype) for name, code in STATEMENTS.items() for dtype in DTYPES}
    network = brian2.Network(*(group for pair in made.values() for group in pair))
    network.run(3 * brian2.defaultclock.dt, namespace={})
    return made


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", STATEMENTS)
def test_statements_give_what_plain_brian2_gives(name: str, dtype: str, ran: dict[tuple[str, str], Groups]) -> None:
    """Three steps of each shape of statement; to rounding, in the dtype of the state."""
    plain, in_place = ran[name, dtype]
    changed = False
    for x, before in initial().items():
        expected, actual = getattr(plain, x)[:], getattr(in_place, x)[:]
        assert in_place.variables[x].get_value().dtype == dtype
        tolerance = 100 * np.finfo(dtype).eps
        np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance, err_msg=x)
        changed |= not np.array_equal(expected, before.astype(dtype))
    assert changed


def test_a_copy_does_not_change_its_original() -> None:
    """Brian2's numpy target makes `x = y` one array and then multiplies both in place."""
    plain, group = groups("x = y\nx = x*z\nx = x + y", "float64")
    y, z = group.y[:].copy(), group.z[:].copy()
    brian2.Network(plain, group).run(brian2.defaultclock.dt, namespace={})
    np.testing.assert_allclose(group.x[:], y * z + y, rtol=1e-15)
    np.testing.assert_array_equal(group.y[:], y)


def emitted(network: CorticalNetwork) -> dict[str, str]:
    """The code of every elementwise object, rewritten, by name."""
    found = {}
    for thing in network.net.sorted_objects:
        codeobj = getattr(thing, "codeobj", None)
        if codeobj is not None and "_array_" in codeobj.code.run:
            found[thing.name] = rewrite(codeobj.code.run, codeobj.namespace)[0]
    return found


def run_small(rule: AdjointPropagation, dt_ms: float | None = None, dtype: str = "float32") -> CorticalNetwork:
    """Two areas after one batch of learning."""
    network = CorticalNetwork(hierarchy(2, 4, 3, 3), rule, trials=2, dt_ms=dt_ms, dtype=dtype)
    network.run({"task": (np.ones((2, 4)), np.array([0, 1]))}, learn=True)
    return network


def test_the_default_step_is_an_addition_and_a_tanh_in_place() -> None:
    """u = u + I_const; r = tanh(u) at the published settings: two passes over memory."""
    code = emitted(run_small(AdjointPropagation()))["v1_stateupdater"]
    assert [line for line in code.splitlines() if "_array" in line] == [
        "_numpy.add(_array_v1_u, _array_v1_I_const, out=_array_v1_u)",
        "tanh(_array_v1_u, out=_array_v1_r)",
    ]


@pytest.mark.parametrize("dt_ms", [None, 2.0])
def test_every_elementwise_object_works_in_place(dt_ms: float | None) -> None:
    """No statement of the default rule is left with a temporary array."""
    for name, code in emitted(run_small(AdjointPropagation(weight_decay=0.1), dt_ms)).items():
        if name.endswith(("_product", "_softmax", "_readout")) or "_correlate_" in name:
            continue  # their templates are written in place
        for line in code.splitlines():
            if re.search(r"_array_\w+(?!\w*\[0\])", line) and "_ap_" not in line.split("=")[0]:
                in_place = ("out=", ".fill(", "copyto(", "[0]")
                assert any(word in line for word in in_place), f"{name}: {line}"


def peak_of(act: Callable[[], None]) -> int:
    """Bytes allocated at the peak of a second call."""
    act()
    tracemalloc.start()
    try:
        act()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("dt_ms", [None, 5.0])
def test_a_step_of_a_million_neurons_allocates_nothing(dt_ms: float | None) -> None:
    """4 MB are in play per array; the step needs less than 1% of that."""
    rule = AdjointPropagation(steps=(1, 1))
    layout = hierarchy(1, 2, 2, {"RI": 2, "SI": 2, "RE": 2, "SE": 2}, neurons=10_000, recurrence=None)
    network = CorticalNetwork(layout, rule, trials=100, dt_ms=dt_ms)
    area = network.groups["V1"]
    area.state_updater.before_run({})
    assert area.array("r").nbytes == 4_000_000
    assert peak_of(area.state_updater.codeobj) < 40_000


def test_a_temporary_would_be_seen() -> None:
    """The measure above sees one array of a million."""
    array = np.ones(1_000_000, np.float32)
    assert peak_of(lambda: np.tanh(array)) >= 4_000_000


def test_what_is_not_recognised_stays() -> None:
    """Indexed stores, several targets and calls of unknown functions are kept, with their names resolved."""
    names = {"_array_g_x": np.ones(3), "_array_g_y": np.ones(3)}
    code = "x = _array_g_x\ny = x + 1\n_array_g_y[idx] = y\na = b = f(x)"
    rewritten, buffers = rewrite(code, names)
    (scratch,) = (name for name in buffers if isinstance(buffers[name], np.ndarray))
    assert rewritten.splitlines() == [
        f"_numpy.add(_array_g_x, _ap_scalar(1), out={scratch})",
        f"_array_g_y[idx] = {scratch}",
        "a = b = f(_array_g_x)",
    ]


def test_random_numbers_are_no_scalar() -> None:
    """`r = randn()` draws one number per neuron, though no array is read."""
    names = {"_array_g_x": np.zeros(3), "randn": lambda idx: np.arange(3.0)}
    rewritten, _ = rewrite("x = randn(_vectorisation_idx)\n_array_g_x[:] = x", names)
    exec(rewritten, names | {"_vectorisation_idx": slice(None)})
    assert names["_array_g_x"].tolist() == [0, 1, 2]


def test_arrays_of_one_number_or_of_integers_are_left_alone() -> None:
    """There is nothing to gain, and integers cannot hold results."""
    for array in (np.ones(1), np.ones(3, int)):
        code = "x = _array_g_x\nx = x * 2\n_array_g_x[:] = x"
        assert rewrite(code, {"_array_g_x": array}) == (code, {})
