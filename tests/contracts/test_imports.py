"""Imports go only downward, Brian2 stays in its folder, and nothing heavy is loaded before it is needed."""

from __future__ import annotations

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "neuroap"
# Each layer may import those before it, and modules of its own line.
LAYERS = (
    ("errors", "seeds", "files"),
    ("layout", "rules"),
    ("weights",),
    ("timeline",),
    ("brian",),
    ("data", "traces", "training"),
    ("analysis", "verify", "benchmark"),
    ("plotting",),
    ("commands", "doctor", "cli"),
)
HEAVY = ("brian2", "matplotlib", "xarray", "sklearn", "scipy", "sympy", "h5netcdf", "pandas")
FILES = sorted(PACKAGE.rglob("*.py"))


def module_name(path: Path) -> str:
    """Dotted name of a file of the package."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(tree: ast.AST) -> list[str]:
    """Names that import statements below `tree` load, those for type checkers aside."""
    names = []
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names += [node.module or ""] if node.module != "neuroap" else [f"neuroap.{a.name}" for a in node.names]
        names += imported(node)
    return names


def layer(module: str) -> int | None:
    """Number of the layer of a module of ours; None for the package itself."""
    part = module.split(".")[1] if "." in module else ""
    return next((k for k, names in enumerate(LAYERS) if part in names), None)


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_only_downward(path: Path) -> None:
    """A file imports its own layer and those below."""
    own = layer(module_name(path))
    if own is None:
        assert path == PACKAGE / "__init__.py", "a module that no layer lists"
        return
    for name in imported(ast.parse(path.read_text(encoding="utf-8"))):
        if name.startswith("neuroap."):
            other = layer(name)
            assert other is None or other <= own, f"{name} lies above"


def test_no_cycles() -> None:
    """The graph of imports between files has an order."""
    names = {module_name(p) for p in FILES}
    graph = {}
    for path in FILES:
        if path == PACKAGE / "__init__.py":
            continue  # it loads lazily
        found = [n for n in imported(ast.parse(path.read_text(encoding="utf-8"))) if n in names]
        # A package names what it exports: its parts may import each other past it.
        graph[module_name(path)] = [n for n in found if not module_name(path).startswith(f"{n}.") and n != "neuroap"]
    assert len(list(TopologicalSorter(graph).static_order())) >= len(graph)


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_brian2_stays_in_its_folder(path: Path) -> None:
    """Only neuroap/brian imports Brian2."""
    loads = [n for n in imported(ast.parse(path.read_text(encoding="utf-8"))) if n.split(".")[0].startswith("brian2")]
    assert not loads or path.parent == PACKAGE / "brian"


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_no_hidden_imports_of_our_own(path: Path) -> None:
    """Functions import nothing of the package."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert not [n for n in imported(node) if n.startswith("neuroap")], node.name


@pytest.mark.parametrize(
    "code",
    [
        "import neuroap",
        "import neuroap; layout = neuroap.hierarchy(3); print(layout); layout.to_toml()",
        "from neuroap import Area, Input, Layout, Output, inference\n"
        "Layout(Input('x', 2), Area('A', 3), Output('y', 2), inference('x', 'A.RI'), inference('A.SI', 'y'))",
        "import neuroap.rules; neuroap.rules.AdjointPropagation()",
        "import neuroap.data",
    ],
    ids=["neuroap", "hierarchy", "layout", "rule", "data"],
)
def test_declaring_loads_nothing_heavy(code: str) -> None:
    """Neither simulator nor figures: a fresh process has none of them after a declaration."""
    check = f"{code}\nimport sys; print(sorted(set({HEAVY!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
