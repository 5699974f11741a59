"""Layouts as TOML: one table per node and pathway, defaults left out."""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuroap.errors import LayoutError, did_you_mean
from neuroap.files import replacing
from neuroap.layout.blocks import Block
from neuroap.layout.initial import INITIALS, Initial, Recurrence
from neuroap.layout.nodes import Area, Input, Output
from neuroap.layout.pathways import Pathway

if TYPE_CHECKING:
    from neuroap.layout.layout import Layout

Document = dict[str, Any]
NODES: dict[str, type[Input] | type[Area] | type[Output]] = {
    "input": Input,
    "area": Area,
    "output": Output,
}


def to_document(layout: Layout) -> Document:
    """Turn a layout into nested tables of plain values."""
    document: Document = {"name": layout.name}
    for key, parts in zip(NODES, (layout.inputs, layout.areas, layout.outputs), strict=True):
        document[key] = [_plain(part) for part in parts]
    document["pathway"] = [_plain(p) for p in layout.pathways]
    return document


def from_document(document: Document) -> tuple[str, list[Any]]:
    """Turn tables back into the name and the parts of a layout."""
    document = dict(document)
    name = document.pop("name", "layout")
    parts: list[Any] = []
    for key, kind in (*NODES.items(), ("pathway", Pathway)):
        parts += [_build(key, kind, entry) for entry in _tables(key, document.pop(key, []))]
    if document:
        unknown = next(iter(document))
        raise LayoutError("Layout.from_toml", "unknown table", unknown, did_you_mean(unknown, (*NODES, "pathway")))
    return name, parts


def read(source: str | Path) -> Document:
    """Parse TOML text, or the file that `source` names."""
    is_file = isinstance(source, Path) or ("\n" not in source and source.endswith(".toml"))
    try:
        return tomllib.loads(Path(source).read_text(encoding="utf-8") if is_file else str(source))
    except (tomllib.TOMLDecodeError, OSError, UnicodeDecodeError) as error:
        where = str(source) if is_file else "Layout.from_toml"
        raise LayoutError(where, f"cannot be read as TOML: {error}") from None


def write(document: Document, path: str | Path | None) -> str:
    """Write tables as TOML text, and to `path` if one is given (through a temporary file).

    Raises
    ------
    LayoutError
        If the file cannot be written.
    """
    import tomli_w

    text = tomli_w.dumps(document)
    if path is not None:
        try:
            with replacing(path) as partial:
                partial.write_text(text, encoding="utf-8")
        except OSError as error:
            folder = Path(path).parent
            hint = "" if folder.is_dir() else f"there is no folder {str(folder)!r}: make it first"
            raise LayoutError("Layout.to_toml", f"cannot be written: {error.strerror}", str(path), hint) from None
    return text


def _plain(part: Any) -> Document:
    """Fields of a declaration that differ from their defaults."""
    entry: Document = {}
    for field in dataclasses.fields(part):
        value = getattr(part, field.name)
        if not field.compare or (value == field.default and type(value) is type(field.default)):
            continue
        if field.name == "blocks":
            value = _blocks(value)
        elif isinstance(value, Recurrence):
            value = {name: each for name, each in dataclasses.asdict(value).items() if each is not None}
        elif dataclasses.is_dataclass(value):
            value = {"kind": value.kind, **dataclasses.asdict(value)}  # type: ignore[union-attr, arg-type]
        entry[field.name] = "none" if value is None else value
    return entry


def _blocks(blocks: tuple[Block, ...]) -> Any:
    """Extents by name; a list where only some blocks tell cell types, because TOML would change their order."""
    if len({b.excitatory is None for b in blocks}) == 1:
        return {b.name: _extent(b) for b in blocks}
    return [{name: each for name, each in dataclasses.asdict(b).items() if each is not None} for b in blocks]


def _extent(block: Block) -> Any:
    """Where a block lies, with numbers of excitatory and inhibitory cells if it tells them."""
    if block.excitatory is None:
        return [block.start, block.stop]
    return {"start": block.start, "E": block.excitatory, "I": block.size - block.excitatory}


def _tables(key: str, entries: object) -> list[Document]:
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise LayoutError("Layout.from_toml", f"{key!r} must be an array of tables", entries, f"write [[{key}]]")
    return entries


def _build(key: str, kind: type, entry: Document) -> Any:
    where, entry = f"Layout.from_toml [{key}]", dict(entry)
    if "recurrence" in entry:
        entry["recurrence"] = _recurrence(f"{where} recurrence", entry["recurrence"])
    if isinstance(entry.get("blocks"), list):
        entry["blocks"] = [_declare(f"{where} blocks", Block, _table(where, each)) for each in entry["blocks"]]
    for name in ("weights", "bias"):
        if name in entry:
            entry[name] = _initial(f"{where} {name}", entry[name])
    return _declare(where, kind, entry)


def _declare(where: str, kind: type, entry: Document) -> Any:
    """Make a declaration from its fields, none of them unknown or missing."""
    fields = [f for f in dataclasses.fields(kind) if f.compare]
    known = [f.name for f in fields]
    for name in entry:
        if name not in known:
            raise LayoutError(where, "unknown field", name, did_you_mean(name, known))
    for f in fields:
        if f.default is dataclasses.MISSING and f.name not in entry:
            raise LayoutError(where, f"missing field {f.name!r}", entry)
    return kind(**entry)


def _recurrence(where: str, entry: object) -> Any:
    return None if entry == "none" else _declare(where, Recurrence, _table(where, entry))


def _initial(where: str, entry: object) -> Initial | None:
    if entry == "none":
        return None
    settings = dict(_table(where, entry))
    kind = str(settings.pop("kind", ""))
    if kind not in INITIALS:
        raise LayoutError(where, "unknown kind of weights", kind, did_you_mean(kind, INITIALS))
    return _declare(where, INITIALS[kind], settings)


def _table(where: str, entry: object) -> Document:
    if not isinstance(entry, dict):
        raise LayoutError(where, "must be a table, or 'none'", entry)
    return entry
