"""The README keeps its promises: its Python runs, its commands are those that CI runs, its links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


def test_python_blocks_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them, one after the other, in one namespace and in an empty folder."""
    monkeypatch.chdir(tmp_path)
    found = blocks("python")
    assert found
    namespace: dict[str, object] = {}
    for block in found:
        exec(compile(block, "README.md", "exec"), namespace)
    model, data = namespace["model"], namespace["data"]
    assert 0.88 < model.score(data.X_test, data.y_test) < 0.96  # type: ignore[attr-defined]
    assert namespace["rates"].sizes["neuron"] == 128  # type: ignore[attr-defined]
    jnd = namespace["fit"].jnd.sel(noise=[1, 2]).values  # type: ignore[attr-defined]
    assert 0.2 < jnd[0] < jnd[1] < 4  # degrees
    assert (tmp_path / "psychometric.png").is_file()


def test_eight_and_ten_lines_of_python() -> None:
    """The examples stay as short as they are promised to be: psychophysics, then a layout."""
    counts = [len([line for line in block.splitlines() if line.strip()]) for block in blocks("python")]
    assert len(counts) == 2
    assert counts[0] <= 8
    assert counts[1] <= 10


def test_two_commands_and_ci_runs_the_second() -> None:
    """The main job and the tests; CI runs the latter as it stands."""
    main, tests = (block.strip() for block in blocks("sh"))
    assert main.endswith(".venv/bin/neuroap demo")
    assert tests in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_files_that_the_readme_names_are_there() -> None:
    """Pictures and files, relative to the README."""
    linked = re.findall(r"\]\((?!https?:)([^)]+)\)", TEXT)
    assert linked
    for name in [*linked, "CONTRIBUTING.md", "models/two_area.py"]:
        assert (ROOT / name).is_file(), name
