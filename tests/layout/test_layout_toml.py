"""Layouts as TOML: what is written, that it comes back, and what may be written by hand."""

import errno
import os
import tomllib
from pathlib import Path

import pytest
from layout.examples import EXAMPLES

from neuroap import (
    Area,
    Input,
    Layout,
    Normal,
    Output,
    Recurrence,
    Uniform,
    Zeros,
    error,
    hierarchy,
    inference,
)
from neuroap.errors import LayoutError

each_example = pytest.mark.parametrize("layout", EXAMPLES.values(), ids=EXAMPLES)


@each_example
def test_text_comes_back(layout: Layout) -> None:
    again = Layout.from_toml(layout.to_toml())
    assert again == layout
    assert again.to_toml() == layout.to_toml()


@each_example
@pytest.mark.parametrize("as_text", [True, False])
def test_files_come_back(layout: Layout, as_text: bool, tmp_path: Path) -> None:
    path = tmp_path / "layout.toml"
    text = layout.to_toml(str(path) if as_text else path)
    assert path.read_text(encoding="utf-8") == text
    assert Layout.from_toml(str(path) if as_text else path) == layout
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("weights", [Uniform(), Uniform(0.5, scaled=True), Normal(), Normal(0.1), Zeros(), None])
def test_initial_weights_come_back(weights: Uniform | Normal | Zeros | None) -> None:
    layout = Layout(
        Input("x", 4),
        Area("A", 2, bias=weights),
        Output("y", 2, bias=weights),
        inference("x", "A.RI", weights=weights),
        inference("A.SI", "y"),
        error("y", "A.RE", weights=weights),
    )
    again = Layout.from_toml(layout.to_toml())
    assert again == layout
    assert (again.areas[0].bias, again.outputs[0].bias, again.pathways[0].weights) == (weights,) * 3


@pytest.mark.parametrize("recurrence", [None, Recurrence(), Recurrence(0.9), Recurrence(1, 1, "with-replacement")])
def test_recurrence_comes_back(recurrence: Recurrence | None) -> None:
    layout = hierarchy(1, 6, 3, 2, recurrence=recurrence)
    assert Layout.from_toml(layout.to_toml()).areas[0].recurrence == recurrence


def test_equations_and_time_constants_come_back() -> None:
    written = EXAMPLES["settings"]["V1"]
    read = Layout.from_toml(EXAMPLES["settings"].to_toml())["V1"]
    assert isinstance(written, Area)
    assert isinstance(read, Area)
    assert read.equations == written.equations
    assert read.tau_ms == 20.5
    assert read.model_equations == written.model_equations


def test_defaults_are_left_out() -> None:
    document = tomllib.loads(hierarchy(1, 6, 3, 2).to_toml())
    assert set(document) == {"name", "input", "area", "output", "pathway"}
    assert document["input"] == [{"name": "image", "size": 6}]
    assert document["output"] == [{"name": "choice", "size": 3}]
    assert set(document["area"][0]) == {"name", "blocks", "neurons"}


def test_a_layout_may_be_written_by_hand() -> None:
    text = """
    name = "by hand"

    [[input]]
    name = "image"
    size = 6

    [[area]]
    name = "V1"
    blocks = 2
    recurrence = {spectral_radius = 0.5}

    [[area]]
    name = "V2"
    blocks = {RI = 2, SI = [1, 4], RE = 3}
    recurrence = "none"

    [[output]]
    name = "choice"
    size = 3

    [[pathway]]
    source = "image"
    target = "V1.RI"
    tasks = "mnist"

    [[pathway]]
    source = "V1.SI"
    target = "V2.RI"
    weights = {kind = "normal", sd = 0.1}

    [[pathway]]
    source = "V2.SI"
    target = "choice"

    [[pathway]]
    source = "choice"
    target = "V2.RE"
    kind = "error"
    """
    assert Layout.from_toml(text) == Layout(
        Input("image", 6),
        Area("V1", 2, recurrence=Recurrence(0.5)),
        Area("V2", {"RI": 2, "SI": (1, 4), "RE": 3}, recurrence=None),
        Output("choice", 3),
        inference("image", "V1.RI", tasks="mnist"),
        inference("V1.SI", "V2.RI", weights=Normal(0.1)),
        inference("V2.SI", "choice"),
        error("choice", "V2.RE"),
        name="by hand",
    )


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "layout.toml"
    path.write_text("old", encoding="utf-8")
    (tmp_path / f".{os.getpid()}.layout.toml").mkdir()  # where it would be written first
    with pytest.raises(
        LayoutError, match=r"Layout\.to_toml: cannot be written: Is a directory \(got '.*/layout\.toml'"
    ):
        hierarchy(1, 6, 3, 2).to_toml(path)
    assert path.read_text(encoding="utf-8") == "old"


def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, text: str, **_: object) -> int:
        path.write_bytes(text.encode()[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(LayoutError, match=r"cannot be written: No space left on device \(got '.*/layout\.toml'\)$"):
        hierarchy(1, 6, 3, 2).to_toml(tmp_path / "layout.toml")
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    said = r"Layout\.to_toml: cannot be written: No such file .*\n  there is no folder '.*/nowhere': make it first"
    with pytest.raises(LayoutError, match=said):
        hierarchy(1, 6, 3, 2).to_toml(tmp_path / "nowhere" / "layout.toml")
    (tmp_path / "file").write_text("")
    with pytest.raises(LayoutError, match="cannot be written: Not a directory"):
        hierarchy(1, 6, 3, 2).to_toml(tmp_path / "file" / "layout.toml")
