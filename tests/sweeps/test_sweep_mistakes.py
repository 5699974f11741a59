"""Mistakes with sweeps: arguments, folders, settings that cannot be recognised."""

from __future__ import annotations

import functools
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from mistakes import Mistake, Table, check
from sweeps.small_sweep import scaled, settled

from neuroap import CorticalClassifier, Layout, hierarchy
from neuroap.errors import CheckpointError, SettingError
from neuroap.sweeps import sweep
from neuroap.sweeps.identity import described

mistake = Table(SettingError)


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mistakes with files happen in a folder of their own."""
    monkeypatch.chdir(tmp_path)


@mistake("sweep.function: it takes no such argument (got 'facter')", "did you mean 'factor'?")
def misspelt_argument() -> None:
    settled(facter=2)  # <- mistake


@mistake("sweep.function: it needs this argument too (got 'x')", "in `over` or beside it")
def argument_that_is_missing() -> None:
    settled({"factor": [1, 2]})  # <- mistake


@mistake("sweep.function: it takes no argument 'seed'", "seeds=None")
def function_without_a_seed() -> None:
    sweep(lambda x: x, {"x": [1]}, store="store")  # <- mistake


@mistake("sweep.function: must be a function (got 'scaled')")
def name_instead_of_a_function() -> None:
    sweep("scaled", {"x": [1]}, store="store")  # type: ignore[arg-type]  # <- mistake


@mistake("sweep: this name has another meaning here, or is given twice (got 'x')")
def argument_given_twice() -> None:
    settled(x=3)  # <- mistake


@mistake("sweep: this name has another meaning here, or is given twice (got 'seed')", "seeds go into `seeds`")
def seed_as_an_axis() -> None:
    settled({"x": [1], "seed": [1, 2]})  # <- mistake


@mistake("sweep.over['x']: must be a list of at least one value (got [])")
def no_values() -> None:
    settled({"x": []})  # <- mistake


@mistake("sweep.over['x']: must be a list of at least one value (got 'abc')")
def text_as_a_list() -> None:
    settled({"x": "abc"})  # <- mistake


@mistake("sweep.over['x']: must be all numbers, all texts or all truth values (got [1, 'a'])", "a name or a number")
def numbers_and_texts() -> None:
    settled({"x": [1, "a"]})  # <- mistake


@mistake("sweep.over['x']: must not repeat a value (got 1)")
def repeated_value() -> None:
    settled({"x": [1, 2, 1]})  # <- mistake


@mistake("sweep.over['x']: must be finite (got [1.0, nan])")
def value_that_is_none() -> None:
    settled({"x": [1.0, np.nan]})  # <- mistake


@mistake("sweep.seeds: must be the number of seeds, or a list of them (got 0)")
def no_seeds() -> None:
    settled(seeds=0)  # <- mistake


@mistake("sweep.seeds: each must be an integer >= 0 (got None)", "the number of seeds alone")
def seed_that_is_another_each_time() -> None:
    settled(seeds=[0, None])  # <- mistake


@mistake("sweep.seeds: each must be an integer >= 0 (got -1)")
def negative_seed() -> None:
    settled(seeds=[-1])  # <- mistake


@mistake("sweep.seeds: each must be an integer >= 0 (got True)")
def truth_value_as_a_seed() -> None:
    settled(seeds=[True, False])  # <- mistake


@mistake("sweep.seeds: must not repeat a value (got 3)")
def repeated_seed() -> None:
    settled(seeds=[3, 4, 3])  # <- mistake


@mistake("sweep.workers: must be a positive number of processes, or None (got 0)")
def no_workers() -> None:
    settled(workers=0)  # <- mistake


@mistake("sweep.workers: is for this machine alone (got 1)", "leave `workers` out")
def workers_of_a_cluster() -> None:
    settled(scheduler="tcp://127.0.0.1:9")  # <- mistake


@mistake("store: belongs to another sweep: there factor is 1, here 2", "a folder of its own", CheckpointError)
def other_settings() -> None:
    settled(factor=1.0)
    settled(factor=2)  # <- mistake


@mistake("store: belongs to another sweep: its axes is ['x'] (got ['factor', 'x'])", "", CheckpointError)
def other_axes() -> None:
    settled()
    settled({"x": [1], "factor": [1]})  # <- mistake


@mistake("store: holds points but no sweep.json", "", CheckpointError)
def lost_manifest() -> None:
    settled()
    Path("store/sweep.json").unlink()
    settled()  # <- mistake


@mistake("store: cannot be used: Not a directory", "writable", CheckpointError)
def file_as_a_store() -> None:
    Path("store").touch()
    settled()  # <- mistake


@pytest.mark.parametrize("case", mistake, ids=mistake.names)
def test_message_names_the_mistake(case: Mistake) -> None:
    """The exact first line, at the user's line."""
    check(case)


def test_a_store_of_another_function() -> None:
    settled()
    rule = r"store: belongs to another sweep: its function is '.*\.scaled' \(got '.*<lambda> sha256 \w+'\)"
    with pytest.raises(CheckpointError, match=rule):
        sweep(lambda x, seed: x, {"x": [1]}, store="store", workers=1)


@pytest.mark.parametrize("content", ["", "[]", '{"settings": 1'])
def test_a_damaged_manifest(content: str) -> None:
    settled()
    Path("store/sweep.json").write_text(content)
    with pytest.raises(CheckpointError, match=r"store/sweep.json: is damaged: .*\n  give each sweep a folder"):
        settled()


def test_a_damaged_error() -> None:
    settled()
    (point,) = Path("store/points").glob("*.nc")
    point.rename(point.with_suffix(".error.json"))
    with pytest.raises(CheckpointError, match=r"is damaged: .*\n  remove it and run again"):
        settled(retry=False)


def test_points_that_were_removed_are_computed_again() -> None:
    """A user who starts anew may remove the points alone."""
    first = settled()
    shutil.rmtree("store/points")
    xr.testing.assert_identical(settled(), first)


def test_a_damaged_point() -> None:
    settled()
    (point,) = Path("store/points").glob("*.nc")
    point.write_bytes(point.read_bytes()[:100])
    with pytest.raises(CheckpointError, match=r"is damaged: .*\n  remove it and run again"):
        settled()


def test_an_object_that_cannot_be_recognised() -> None:
    rule = r"sweep.factor: cannot be recognised when the sweep is run again"
    with pytest.raises(SettingError, match=rule):
        settled(factor=object())


@pytest.mark.parametrize("made", ["trained model", "long table"])
def test_an_object_that_does_not_tell_all(made: str) -> None:
    """Two models trained on different data, or two long series, look the same."""
    X, y = np.eye(4), [0, 1, 0, 1]
    model = CorticalClassifier(hierarchy(1, 4, 2, 4), epochs=1, progress=False)
    settled(factor=model)  # an untrained one tells all

    class Long:
        def __repr__(self) -> str:
            return "Long(1, 2, ..., 9)"

    setting = model.fit(X, y) if made == "trained model" else Long()
    with pytest.raises(SettingError, match=r"sweep.factor: cannot be told from others .*\n  give the file"):
        settled(factor=[setting], store="other")


def values() -> list[object]:
    """Values that must not be taken for each other; made anew at each call."""
    data = xr.Dataset({"a": ("k", [1.0, 2.0])})
    table = pd.DataFrame({"a": np.arange(1000.0)})
    other = table.assign(a=table["a"].where(table["a"] != 500))
    return [
        *(table, other, table["a"], CorticalClassifier(hierarchy(1)), CorticalClassifier(hierarchy(1, block=8))),
        *(
            None,
            True,
            2,
            2.5,
            "2",
            "a ... b",
            (8, 4),
            {"b": 1, "a": 2},
            {1, 2},
            Path("a"),
            np.arange(3),
            np.arange(3.0),
        ),
        *(data, data + 1, data["a"], scaled, functools.partial(scaled, factor=2), functools.partial(scaled, factor=3)),
        *(hierarchy(1), hierarchy(2), np.array(["a"], dtype=object), values, np.float32),
    ]


def test_equal_values_are_described_alike_and_others_not() -> None:
    texts = [described(value, "here") for value in values()]
    assert texts == [described(value, "here") for value in values()]
    assert len(set(texts)) == len(texts)
    assert max(map(len, texts)) < 400
    assert described(1.0, "here") == described(1, "here") == described(np.float32(1), "here")


def test_where_something_was_declared_does_not_matter() -> None:
    """A line added above a layout makes no other sweep of it."""
    one, two = (Layout(*hierarchy(1).nodes, *hierarchy(1).pathways) for _ in range(2))
    object.__setattr__(two.areas[0], "declared", "elsewhere.py:3")
    assert one == two
    assert described(one, "here") == described(two, "here")
