"""The shape of the code: documented, in small files and small functions."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted(p for folder in ("neuroap", "models", "analyses") for p in (ROOT / folder).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
LONGEST_FILE, LONGEST_FUNCTION = 400, 60
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def identity(path: Path) -> str:
    """Path below the root."""
    return str(path.relative_to(ROOT))


def public(tree: ast.AST, prefix: str = "") -> Iterator[tuple[str, ast.FunctionDef | ast.ClassDef]]:
    """Public classes, functions and methods, with dotted names."""
    for node in getattr(tree, "body", []):
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)) and not node.name.startswith("_"):
            yield f"{prefix}{node.name}", node  # type: ignore[misc]
            if isinstance(node, ast.ClassDef):
                yield from public(node, f"{node.name}.")


@pytest.mark.parametrize("path", FILES + TESTS, ids=identity)
def test_files_and_functions_are_short_and_files_say_what_they_are(path: Path) -> None:
    """At most 400 lines a file and 60 a function; a docstring on top."""
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert ast.get_docstring(tree), "no module docstring"
    assert text.count("\n") <= LONGEST_FILE
    for node in ast.walk(tree):
        if isinstance(node, FUNCTIONS):
            start = node.body[1].lineno if ast.get_docstring(node) and len(node.body) > 1 else node.lineno
            assert (node.end_lineno or 0) - start < LONGEST_FUNCTION, node.name


@pytest.mark.parametrize("path", FILES, ids=identity)
def test_public_names_are_documented(path: Path) -> None:
    """Every one has a docstring; a function with more than two parameters names them all in it."""
    for name, node in public(ast.parse(path.read_text(encoding="utf-8"))):
        overrides = name.rpartition(".")[2] in OVERRIDES
        doc = ast.get_docstring(node) or ""
        assert doc or overrides, f"{name} has no docstring"
        if isinstance(node, FUNCTIONS) and len(names := parameters(node)) > MOST_UNNAMED:
            missing = [n for n in names if f"{n}" not in doc]
            assert not missing or overrides, f"{name} does not document {missing}"


# What Brian2 or argparse calls, or a network has on every device; the base class says what they do.
OVERRIDES = (
    "run",
    "before_run",
    "compile_block",
    "update_abstract_code",
    "add",
    "assign",
    "bring",
    "simulate",
    "traced",
)
MOST_UNNAMED = 4


def parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    """Names of the parameters, self and cls aside."""
    listed = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    return [a.arg for a in listed if a.arg not in ("self", "cls")]
