"""Who imports whom: downward only, no cycles, Brian2 in one folder, and nothing heavy before it is needed."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from contracts.package import ROOT, Import, files, imports, module_name, modules

# Layer by layer as in the design: a module imports from its own layer and from those below.
LAYERS: dict[int, tuple[str, ...]] = {
    0: ("errors", "seeds", "names", "files"),
    1: ("layout", "rules", "weights"),
    2: ("window", "frames", "timeline", "builds"),
    3: ("brian",),
    4: ("training", "data", "tasks", "traces"),
    5: ("analysis", "psychophysics", "regimes", "sweeps", "verify", "floor", "timing", "memory", "benchmark"),
    6: ("plotting", "commands", "doctor", "cli", "__main__"),
}
LAYER = {f"neuroap.{name}": layer for layer, names in LAYERS.items() for name in names}
# The front door names everything; it imports on first use only.
FRONT = "neuroap"
MAY_IMPORT_LATE = ("neuroap", "neuroap.commands")
HEAVY = {"psignifit", "brian2", "matplotlib", "xarray", "sklearn", "scipy", "sympy", "h5py", "h5netcdf", "pandas"}


def part_of(module: str) -> str:
    """The part of the package that a module belongs to."""
    return ".".join(module.split(".")[:2])


def own_imports() -> list[Import]:
    """Imports of the package's own modules, but for those of the front door."""
    found = [i for path in files() if module_name(path) != FRONT for i in imports(path)]
    return [i for i in found if i.imported.split(".")[0] == "neuroap" and i.imported != FRONT]


def upward(found: list[Import]) -> list[str]:
    """Imports from a higher layer, for types too."""
    return [str(i) for i in found if LAYER[part_of(i.imported)] > LAYER[part_of(i.importer)]]


def cycles(found: list[Import]) -> list[str]:
    """Modules that import each other, directly or not, when they are loaded."""
    targets: dict[str, set[str]] = {}
    for i in found:
        if not (i.in_function or i.for_types_only):
            targets.setdefault(i.importer, set()).add(i.imported)

    def reachable(start: str) -> set[str]:
        seen: set[str] = set()
        waiting = list(targets.get(start, ()))
        while waiting:
            if (module := waiting.pop()) not in seen:
                seen.add(module)
                waiting += targets.get(module, ())
        return seen

    return sorted(module for module in targets if module in reachable(module))


def test_every_part_has_a_layer() -> None:
    parts = {part_of(module) for module in modules()} - {FRONT}
    assert sorted(parts - LAYER.keys()) == []


def test_imports_go_downward() -> None:
    found = own_imports()
    assert len(found) > 100
    assert upward(found) == []


def test_no_import_cycles() -> None:
    assert cycles(own_imports()) == []


def test_own_modules_are_imported_at_the_top() -> None:
    """A hidden import hides a dependency; lazy loading has two places of its own."""
    hidden = [i for path in files() for i in imports(path) if i.in_function and i.imported.startswith("neuroap")]
    assert [str(i) for i in hidden if i.importer not in MAY_IMPORT_LATE] == []
    assert {i.importer for i in hidden} == set(MAY_IMPORT_LATE)


def test_only_one_folder_imports_brian2() -> None:
    importers = {
        i.importer for path in files() for i in imports(path) if i.imported.split(".")[0] in ("brian2", "brian2cuda")
    }
    assert importers
    assert sorted(m for m in importers if part_of(m) != "neuroap.brian") == []


def test_analyses_of_stored_results_need_no_simulator() -> None:
    """`analysis` builds on the layers 0 and 1, so that it runs where Brian2 is not installed."""
    found = [i for i in own_imports() if part_of(i.importer) == "neuroap.analysis"]
    outside = [i for i in found if part_of(i.imported) != "neuroap.analysis" and LAYER[part_of(i.imported)] > 1]
    assert [str(i) for i in outside] == []


def test_the_checks_find_what_they_look_for() -> None:
    """An upward import and a cycle of three are seen; an import for types only makes no cycle."""

    def edge(importer: str, imported: str, types: bool = False) -> Import:
        return Import(f"neuroap.{importer}", f"neuroap.{imported}", 1, False, types)

    assert upward([edge("layout.nodes", "brian.network")]) == ["neuroap.layout.nodes:1 imports neuroap.brian.network"]
    assert upward([edge("layout.nodes", "brian.network", types=True)]) != []
    assert upward([edge("brian.network", "layout.nodes")]) == []
    circle = [edge("layout.a", "layout.b"), edge("layout.b", "layout.c"), edge("layout.c", "layout.a")]
    assert cycles(circle) == ["neuroap.layout.a", "neuroap.layout.b", "neuroap.layout.c"]
    assert cycles(circle[:2]) == []
    assert cycles([*circle[:2], edge("layout.c", "layout.a", types=True)]) == []


def loaded_by(code: str) -> set[str]:
    """Packages that a fresh interpreter has loaded after `code`."""
    program = f"import sys\n{code}\nprint(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in run.stdout.split()}


LAYOUT = 'Layout(Input("x", 4), Area("V1", 2), Output("y", 2), inference("x", "V1.RI"), inference("V1.SI", "y"))'


@pytest.mark.parametrize(
    "code",
    [
        "import neuroap",
        f"from neuroap import Area, Input, Layout, Output, inference\nstr({LAYOUT})",
        "from neuroap import AdjointPropagation, hierarchy\nAdjointPropagation(), hierarchy(3)",
        "import neuroap.cli",
        "import neuroap.data",
        "import models.two_area\nmodels.two_area.layout()",
    ],
)
def test_declaring_loads_nothing_heavy(code: str) -> None:
    loaded = loaded_by(code)
    assert "neuroap" in loaded
    assert sorted(loaded & HEAVY) == []


def test_what_is_loaded_is_seen() -> None:
    """The counterpart of the test above."""
    assert loaded_by("import neuroap.layout, scipy") & HEAVY == {"scipy"}


def test_importing_takes_no_time() -> None:
    """0.05 s on an idle machine; the best of three, because others may be busy on this one."""
    times = []
    for _ in range(3):
        started = time.perf_counter()
        loaded_by("import neuroap")
        times.append(time.perf_counter() - started)
    assert min(times) < 1
