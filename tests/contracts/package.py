"""The package as syntax trees: which module imports what, without importing anything."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "neuroap"
IMPORTERS = ("importlib.import_module", "import_module", "__import__")


@dataclass(frozen=True)
class Import:
    """One import statement, or a call that imports."""

    importer: str
    imported: str
    line: int
    in_function: bool
    for_types_only: bool

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.imported}"


def files() -> list[Path]:
    """All Python files of the package."""
    return sorted(PACKAGE.rglob("*.py"))


def module_name(path: Path) -> str:
    """The name under which a file is imported."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text())


@cache
def modules() -> dict[str, Path]:
    """Files by module name."""
    return {module_name(path): path for path in files()}


def imports(path: Path) -> list[Import]:
    """Everything that a file imports, wherever in it."""
    return list(_imports(tree(path), module_name(path), in_function=False, types=False))


def _imports(node: ast.AST, importer: str, in_function: bool, types: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        for name in _imported(child, importer):
            yield Import(importer, name, child.lineno, in_function, types)  # type: ignore[attr-defined]
        is_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        is_types = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
        yield from _imports(child, importer, in_function or is_function, types or is_types)


def _imported(node: ast.AST, importer: str) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, f"{importer}:{node.lineno} imports relatively"
        assert node.module is not None
        # `from neuroap.layout import nodes` may name a module.
        named = [f"{node.module}.{alias.name}" for alias in node.names]
        submodules = [name for name in named if name in modules()]
        return submodules + ([node.module] if len(submodules) < len(named) else [])
    if isinstance(node, ast.Call) and ast.unparse(node.func) in IMPORTERS:
        # Where the name is computed, it is one of ours.
        given = node.args[0]
        return [str(given.value) if isinstance(given, ast.Constant) else "neuroap"]
    return []
