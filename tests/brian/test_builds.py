"""Programs are built once, by content; whatever happens to a build, the next one works and nothing is left over."""

from __future__ import annotations

import errno
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import neuroap
from neuroap import AdjointPropagation, hierarchy
from neuroap.brian.compiled import build, recipe
from neuroap.brian.compiled.recipe import Recipe
from neuroap.brian.compiled.toolchain import Toolchain, cpp_toolchain
from neuroap.errors import DeviceError
from neuroap.layout.initial import Recurrence

TESTS = Path(__file__).resolve().parents[1]
LAYOUT, RULE = hierarchy(1, 4, 3, 2), AdjointPropagation(steps=(1, 1))
RECIPE = Recipe(LAYOUT, RULE, ("task",), 2, 1, None, "float32", "cpp_standalone")
TOOLS = Toolchain({}, ("tools",))
# A process that builds a network.
BUILDS = """
from brian.test_builds import RECIPE, cpp_toolchain, build
print(build.built(RECIPE, cpp_toolchain(), lambda _: print("building", flush=True)))
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of programs."""
    monkeypatch.setenv("NEUROAP_BUILDS", str(tmp_path / "builds"))
    return tmp_path / "builds"


@pytest.fixture
def quick(root: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Builds that take no time; the list holds what was said."""

    def generate(_: object, __: object, part: Path, ___: object) -> None:
        (part / build.MANIFEST).write_text("{}")

    def compiled(_: object, __: object, part: Path, ___: object) -> None:
        (part / build.PROGRAM).write_text("#!/bin/sh\n")
        (part / build.PROGRAM).chmod(0o755)
        (part / "left.o").touch()

    monkeypatch.setattr(build, "_generate", generate)
    monkeypatch.setattr(build, "_compile", compiled)
    return []


def names(root: Path) -> list[str]:
    """Everything in a folder, hidden files too."""
    return sorted(p.name for p in root.iterdir())


def test_a_program_is_built_once_and_said_so_once(quick: list[str], root: Path) -> None:
    folder = build.built(RECIPE, TOOLS, quick.append)
    assert build.built(RECIPE, TOOLS, quick.append) == folder
    assert len(quick) == 1
    assert str(root) in quick[0]
    assert names(root) == [folder.name]
    assert names(folder) == ["main", "manifest.json", "seal"]


def test_only_what_decides_about_the_code_gives_another_program(monkeypatch: pytest.MonkeyPatch) -> None:
    key = RECIPE.key(())
    other = hierarchy(1, 4, 3, 2, recurrence=Recurrence(spectral_radius=0.1))
    assert other != LAYOUT
    same = [
        replace(RECIPE, layout=other),
        replace(RECIPE, rule=replace(RULE, learning_rate=0.7, learning_rate_decay=0.5, beta=0.3)),
    ]
    assert [r.key(()) for r in same] == [key, key]
    different = [dict(trials=3), dict(copies=2), dict(dtype="float64"), dict(dt_ms=1.0), dict(device="cuda_standalone")]
    keys = {replace(RECIPE, **change).key(()) for change in different} | {RECIPE.key(("other tools",)), key}
    assert len(keys) == len(different) + 2
    monkeypatch.setattr(recipe, "_digest_of_sources", lambda: "changed")
    assert RECIPE.key(()) not in keys


def test_every_source_that_code_depends_on_is_part_of_the_key() -> None:
    """Whatever the sources import of neuroap is among them, but for what decides about no code."""
    root = Path(neuroap.__file__).parent
    files = [
        f for part in recipe.SOURCES for f in ([root / part] if part.endswith(".py") else (root / part).rglob("*.py"))
    ]
    imported = {name for file in files for name in re.findall(r"from neuroap\.(\w+)", file.read_text())}
    parts = {part.removesuffix(".py") for part in recipe.SOURCES}
    assert {"timeline", "window", "frames", "names", "weights"} <= imported
    assert imported - parts == {"builds", "errors", "files", "seeds"}


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize("harm", [Path.unlink, _cut, lambda path: path.chmod(0o644)], ids=["gone", "cut", "mode"])
@pytest.mark.parametrize("name", ["main", "manifest.json", "seal"])
def test_a_damaged_program_is_built_again(
    harm: Callable[[Path], None], name: str, quick: list[str], root: Path
) -> None:
    folder = build.built(RECIPE, TOOLS, quick.append)
    harm(folder / name)
    again = not build.is_whole(folder)
    assert again or name != "main"
    assert build.built(RECIPE, TOOLS, quick.append) == folder
    assert build.is_whole(folder)
    assert len(quick) == 1 + again
    assert names(root) == [folder.name]


def test_who_comes_while_it_is_being_built_waits(quick: list[str], root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generate = build._generate
    monkeypatch.setattr(build, "_generate", lambda *a: (time.sleep(0.2), generate(*a)))
    threads = [threading.Thread(target=build.built, args=(RECIPE, TOOLS, quick.append)) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(quick) == 1
    assert len(names(root)) == 1


def test_leftovers_of_killed_builds_go_with_the_next_build(quick: list[str], root: Path) -> None:
    part = root / ".cpp_standalone-other.77.part"
    part.mkdir(parents=True)
    (root / ".cpp_standalone-other.lock").touch()
    folder = build.built(RECIPE, TOOLS, quick.append)
    assert names(root) == [folder.name]


def test_a_build_that_goes_on_elsewhere_is_left_alone(quick: list[str], root: Path) -> None:
    part, lock = root / ".cpp_standalone-other.77.part", root / ".cpp_standalone-other.lock"
    part.mkdir(parents=True)
    with build._locked(lock):
        folder = build.built(RECIPE, TOOLS, quick.append)
        assert names(root) == [part.name, lock.name, folder.name]


def test_the_programs_that_were_used_last_are_kept(
    quick: list[str], root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "KEPT", 2)
    first, second = (build.built(replace(RECIPE, trials=n), TOOLS, quick.append) for n in (1, 2))
    for age, folder in enumerate((first, second)):
        os.utime(folder, (age, age))
    build.built(replace(RECIPE, trials=1), TOOLS, quick.append)
    third = build.built(replace(RECIPE, trials=3), TOOLS, quick.append)
    assert names(root) == sorted([first.name, third.name])


@pytest.mark.parametrize("phase", ["_generate", "_compile"])
def test_a_full_disk(phase: str, quick: list[str], root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(build, phase, full)
    with pytest.raises(DeviceError, match=r"\Acpp_standalone: the program cannot be kept in .* \(got 'No space left"):
        build.built(RECIPE, TOOLS, quick.append)
    assert names(root) == []


def test_a_folder_that_cannot_be_made(quick: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("NEUROAP_BUILDS", str(tmp_path / "file" / "builds"))
    with pytest.raises(DeviceError, match=r"cannot be kept in .*\n  free space, or set NEUROAP_BUILDS"):
        build.built(RECIPE, TOOLS, quick.append)


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [("CXX", "no-such-compiler", "there is no no-such-compiler on this machine"), ("PATH", "", "there is no g")],
)
def test_missing_tools(variable: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv(variable, value)
    with pytest.raises(DeviceError, match=rf"\Acpp_standalone: {said}.*\n  install it"):
        cpp_toolchain()


def test_missing_openblas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy_openblas32", None)
    with pytest.raises(DeviceError, match="scipy-openblas32 is missing\n  pip install scipy-openblas32"):
        cpp_toolchain()


def test_missing_make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "g++").write_text("#!/bin/sh\n")
    (tmp_path / "g++").chmod(0o755)
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DeviceError, match="there is no make on this machine"):
        cpp_toolchain()


def test_code_that_cannot_be_generated_or_compiled(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last line of Python, or the first complaint of the compiler; the whole output is kept."""
    monkeypatch.setenv("NEUROAP_BUILDS", str(root))
    broken = Toolchain({"codegen.cpp.no_such_preference": 1}, ("broken",))
    with pytest.raises(DeviceError, match=r"its code cannot be generated\n  first complaint: .*no_such_preference"):
        build.built(RECIPE, broken, lambda _: None)
    (log,) = root.iterdir()
    assert "Traceback" in log.read_text()
    assert build._complaint("make: x\na.cpp:1:2: error: no\na.cpp:2:2: error: so\nmake: Error 1") == (
        "a.cpp:1:2: error: no"
    )
    assert build._complaint("") == "no message"


def start(root: Path) -> subprocess.Popen[str]:
    """A process, leader of a group of its own, that builds the network."""
    variables = {**os.environ, "NEUROAP_BUILDS": str(root), "PYTHONPATH": f"{TESTS}:{TESTS.parent}"}
    return subprocess.Popen(
        [sys.executable, "-c", BUILDS], env=variables, stdout=subprocess.PIPE, text=True, start_new_session=True
    )


def wait_for(pattern: str, root: Path) -> None:
    """Wait until a file of that name is there."""
    deadline = time.monotonic() + 120
    while not list(root.glob(pattern)):
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.slow
@pytest.mark.parametrize("reached", [".*.part", ".*.part/whole_program.cpp"], ids=["generating", "compiling"])
def test_a_killed_build(reached: str, root: Path) -> None:
    with start(root) as first:
        wait_for(reached, root)
        time.sleep(0.5)
        os.killpg(first.pid, signal.SIGKILL)
    assert any(name.endswith(".part") for name in names(root))
    with start(root) as one, start(root) as other:
        said = [process.communicate()[0].splitlines() for process in (one, other)]
    assert sorted(map(len, said)) == [1, 2]  # one built, the other waited
    assert names(root) == [Path(said[0][-1]).name]


@pytest.mark.slow
def test_an_interrupted_build(root: Path) -> None:
    with start(root) as process:
        wait_for(".*.part/whole_program.cpp", root)
        time.sleep(0.5)
        os.kill(process.pid, signal.SIGINT)
        process.communicate()
    assert process.returncode != 0
    assert names(root) == []
