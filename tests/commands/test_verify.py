"""neuroap verify: agreeing traces, one altered number, files that are no traces."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neuroap.verify import FLOAT32

GOLDEN = Path(__file__).resolve().parents[2].parent / "shared" / "golden"
needs_golden = pytest.mark.skipif(not GOLDEN.is_dir(), reason=f"the golden traces are not in {GOLDEN}")


def altered(name, key, by, to="altered.npz"):
    """Copy a trace with one number of one array changed."""
    with np.load(GOLDEN / f"{name}.npz") as archive:
        arrays = dict(archive)
    array = arrays[key].copy()
    array.flat[array.size // 2] += by
    np.savez(to, **{**arrays, key: array})
    return to


def verdicts(out):
    """(quantity, verdict) of the lines of a table with one trace."""
    rows = [line[20:].rsplit(maxsplit=3) for line in out.splitlines()[2:-1]]
    return {(row[0].strip(), row[-1]) for row in rows}


@needs_golden
def test_traces_agree(command):
    done = command("verify", GOLDEN / "one_area_ste.npz", GOLDEN / "unequal_blocks.npz")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0].split() == ["trace", "quantity", "deviation", "tolerance"]
    assert [line.split()[0] for line in lines if not line.startswith(" ")][2:4] == ["one_area_ste", "unequal_blocks"]
    assert all(line.endswith("1e-09  ok") for line in lines[2:-1])
    assert len(lines) == 2 + 2 * 8 + 1
    assert lines[-1] == "2 traces: all agree"


@needs_golden
@pytest.mark.parametrize(
    ("key", "by", "quantity"),
    [
        ("batch0/output", 1e-7, "output"),
        ("batch0/r_learning_1", 1e-7, "r_learning"),
        ("batch0/grad_W_in", 1e-7, "grad"),
        ("final/W_in", 1e-7, "final weights"),
        ("batch0/e_1", 1e-7, "e"),
    ],
)
def test_one_altered_number_fails(command, key, by, quantity):
    done = command("verify", altered("one_area_ste", key, by), "--json")
    assert done.code == 1
    (trace,) = done.json["traces"]
    assert [d["quantity"] for d in trace["deviations"] if not d["agrees"]] == [quantity]
    assert not trace["agrees"]
    assert not done.json["agree"]


@needs_golden
def test_a_number_that_is_none_fails(command):
    done = command("verify", altered("one_area_ste", "batch0/e_1", np.nan), "--json")
    assert done.code == 1
    assert not done.json["agree"]


@needs_golden
def test_the_table_says_what_failed(command):
    done = command("verify", altered("one_area_ste", "batch0/output", 1e-7), GOLDEN / "one_area_ste.npz")
    assert done.code == 1
    failed = [line.split() for line in done.out.splitlines() if line.endswith("  FAILED")]
    assert failed == [["altered", "output", "1.0e-07", "1e-09", "FAILED"]]
    assert done.out.splitlines()[-1] == "2 traces: 1 FAILED (altered)"


@needs_golden
def test_float32_has_its_own_tolerances(command):
    done = command("verify", GOLDEN / "one_area_ste.npz", "--dtype", "float32", "--json")
    assert done.code == 0
    (trace,) = done.json["traces"]
    found = {d["quantity"]: d for d in trace["deviations"]}
    assert (found["output"]["tolerance"], found["grad"]["tolerance"]) == (FLOAT32["rates"], FLOAT32["grad"])
    assert found["output"]["largest"] > 1e-9  # it was float32 indeed
    assert (done.json["agree"], done.json["dtype"]) == (True, "float32")


@needs_golden
def test_a_corrupt_file_fails_and_the_others_are_still_compared(command):
    whole = (GOLDEN / "one_area_ste.npz").read_bytes()
    Path("corrupt.npz").write_bytes(whole[: len(whole) // 2])
    done = command("verify", "corrupt.npz", GOLDEN / "one_area_ste.npz")
    assert done.code == 1
    assert "neuroap: error: corrupt.npz: is no .npz archive, or a damaged one" in done.err
    assert "corrupt       cannot be replayed, see the error" in done.out
    assert done.out.count("  ok\n") == 8
    assert done.out.splitlines()[-1] == "2 traces: 1 FAILED (corrupt)"


def test_a_trace_in_which_nothing_was_compared_fails(command, monkeypatch):
    monkeypatch.setattr("neuroap.verify.verify", lambda *_, **__: [])
    assert command("verify", "empty.npz").code == 1


def test_a_missing_file(command):
    done = command("verify", "nowhere.npz", "--json")
    assert done.code == 1
    assert done.err == "neuroap: error: nowhere.npz: no such file\n"
    (trace,) = done.json["traces"]
    assert (trace["agrees"], trace["error"]) == (False, "nowhere.npz: no such file")


@needs_golden
def test_an_unknown_device_is_no_traces_fault(command):
    done = command("verify", GOLDEN / "one_area_ste.npz", "--device", "run_time")
    assert done.code == 1
    assert "did you mean 'runtime'?" in done.err
    assert "FAILED" not in done.out
