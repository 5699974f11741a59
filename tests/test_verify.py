"""`verify` accepts every golden trace and rejects every kind of wrong number in one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from brian.conftest import _quick_brian  # noqa: F401

import neuroap.verify as module
from neuroap.errors import SettingError, TraceError
from neuroap.verify import Deviation, verify

GOLDEN = Path(__file__).parents[2] / "shared" / "golden"
TRACES = (
    "chaotic_sr",
    "figure5b_alternating",
    "figure5b_simultaneous",
    "figure5c_simultaneous",
    "five_area_epe_beta",
    "no_role_constraint",
    "no_sender_receiver_constraint",
    "one_area_ste",
    "online_sgd",
    "recurrent_and_bias_plasticity",
    "two_area_epe",
    "two_area_ste",
    "unequal_blocks",
)
OF_A_HIERARCHY = {"output", "loss", "r_inference", "r_learning", "e", "e_out", "grad"}


def golden(name: str) -> Path:
    """The file of a golden trace; the test is skipped where there is none."""
    path = GOLDEN / f"{name}.npz"
    if not path.exists():
        pytest.skip(f"no golden trace at {path}: it lies beside the checkout, not in it")
    return path


def wrong(deviations: list[Deviation]) -> set[str]:
    """The quantities that do not agree."""
    return {d.quantity for d in deviations if not d.agrees}


def test_no_golden_trace_is_forgotten() -> None:
    """The list above is what lies there."""
    golden(TRACES[0])
    assert sorted(p.stem for p in GOLDEN.glob("*.npz")) == list(TRACES)


@pytest.mark.parametrize("name", TRACES)
def test_float64_agrees_to_1e_9(name: str) -> None:
    """Every quantity that the trace holds, and the weights after all updates."""
    deviations = verify(golden(name))
    assert wrong(deviations) == set()
    assert {d.tolerance for d in deviations} == {1e-9}
    found = {d.quantity for d in deviations}
    assert found >= {"output", "e", "final weights"}
    assert found >= OF_A_HIERARCHY or name.startswith("figure5")


@pytest.mark.parametrize("name", TRACES)
def test_float32_agrees_to_rounding(name: str) -> None:
    """Final weights are compared for plain gradient descent only."""
    deviations = verify(golden(name), dtype="float32")
    assert wrong(deviations) == set()
    assert max(d.tolerance for d in deviations) <= 5e-4
    assert ("final weights" in {d.quantity for d in deviations}) == (name == "online_sgd")


# -- wrong numbers ---------------------------------------------------------------------------------------


def altered(path: Path, name: str, key: str, change: float, by: str = "add") -> Path:
    """A copy of a trace with one number changed: the largest of an array."""
    with np.load(golden(name)) as archive:
        arrays = dict(archive)
    array = arrays[key] = np.array(arrays[key], dtype=float)
    k = np.abs(array).argmax()
    array.flat[k] = array.flat[k] + change if by == "add" else array.flat[k] * change
    out = path / f"{name}.npz"
    np.savez(out, **arrays)
    return out


@pytest.mark.parametrize(
    ("key", "quantity"),
    [
        ("batch0/output", "output"),
        ("batch0/loss", "loss"),
        ("batch0/r_inference_1", "r_inference"),
        ("batch0/r_learning_1", "r_learning"),
        ("batch0/e_1", "e"),
        ("batch0/grad_W_in", "grad"),
        ("final/W_out", "final weights"),
        ("final/W_rec_1", "final weights"),
    ],
)
def test_one_wrong_number_is_seen(tmp_path: Path, key: str, quantity: str) -> None:
    """A single entry off by 1e-8 fails its quantity, and no other."""
    assert wrong(verify(altered(tmp_path, "one_area_ste", key, 1e-8))) == {quantity}


def test_one_wrong_number_of_a_later_task_is_seen(tmp_path: Path) -> None:
    """Where tasks alternate, the first batch of each is compared."""
    path = altered(tmp_path, "figure5b_alternating", "batch0/task1_e_3", 1e-8)
    assert wrong(verify(path)) == {"e"}


def test_a_wrong_start_is_wrong_everywhere(tmp_path: Path) -> None:
    """An initial weight of the first area reaches all."""
    path = altered(tmp_path, "one_area_ste", "initial/W_in", 1e-3)
    assert wrong(verify(path)) == {*OF_A_HIERARCHY, "final weights"}


@pytest.mark.parametrize(
    ("name", "key", "quantity"),
    [
        ("one_area_ste", "batch0/r_inference_1", "r_inference"),
        ("one_area_ste", "batch0/grad_W_in", "grad"),
        ("chaotic_sr", "batch0/output", "output"),
        ("chaotic_sr", "batch0/r_learning_1", "r_learning"),
    ],
)
def test_float32_rejects_a_relative_error_of_1e_3(tmp_path: Path, name: str, key: str, quantity: str) -> None:
    """One entry, the largest, off by one in a thousand."""
    path = altered(tmp_path, name, key, 1.001, by="multiply")
    assert wrong(verify(path, dtype="float32")) == {quantity}


@pytest.mark.parametrize(("quantity", "dtype"), [("output", "float64"), ("grad", "float32"), ("loss", "float32")])
def test_nan_never_agrees(monkeypatch: pytest.MonkeyPatch, quantity: str, dtype: str) -> None:
    """One NaN among thousands of right numbers."""
    actual: Callable[..., np.ndarray] = module._actual

    def spoilt(asked: str, *args: object) -> np.ndarray:
        values = actual(asked, *args)
        if asked == quantity:
            values.flat[-1] = np.nan
        return values

    monkeypatch.setattr(module, "_actual", spoilt)
    if quantity == "loss":  # it is computed from the outputs that the network returned
        learn = module.Learner.learn
        monkeypatch.setattr(
            module.Learner, "learn", lambda self, data: {t: o * np.nan for t, o in learn(self, data).items()}
        )
    assert wrong(verify(golden("one_area_ste"), dtype)) == {quantity}


@pytest.mark.parametrize(
    ("largest", "agrees"), [(0.0, True), (1e-5, True), (1.01e-5, False), (np.inf, False), (np.nan, False)]
)
def test_a_deviation_agrees_within_its_tolerance(largest: float, agrees: bool) -> None:
    """NaN is no small deviation."""
    assert Deviation("e", largest, 1e-5).agrees is agrees


def test_nan_in_one_node_is_not_lost_among_others() -> None:
    """The largest deviation over all nodes is NaN if one is, in whatever order."""
    assert np.isnan(module._larger(1.0, np.nan))
    assert np.isnan(module._larger(np.nan, 1.0))
    assert module._larger(1.0, 2.0) == 2.0


# -- what cannot be replayed -----------------------------------------------------------------------------


def test_a_missing_trace_is_an_error(tmp_path: Path) -> None:
    """Named by its path."""
    with pytest.raises(TraceError, match=r"nowhere\.npz: no such file$"):
        verify(tmp_path / "nowhere.npz")


def test_unknown_settings_are_errors() -> None:
    """Before anything is computed."""
    with pytest.raises(SettingError, match=r"^dtype: must be one of \('float32', 'float64'\) \(got 'float16'\)"):
        verify(golden("one_area_ste"), dtype="float16")
    with pytest.raises(SettingError, match=r"^device: must be one of .* \(got 'abacus'\)"):
        verify(golden("one_area_ste"), device="abacus")
