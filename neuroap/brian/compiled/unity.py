"""One file that includes all others: headers are read once, and a network compiles in seconds, not minutes."""

from __future__ import annotations

import re
from pathlib import Path

UNITY = "whole_program"
RANDOM_BUFFERS = Path("native/random_buffers.hpp")


def write_unity(folder: Path) -> Path:
    """Write a source file that includes every source file of a Brian2 project; returns its path.

    Each code object stands in a namespace of its own, because Brian2 gives all of them helper functions of the
    same names; the headers come first, so that nothing of theirs falls into that namespace.

    Parameters
    ----------
    folder : Path
        Brian2's project, with a makefile.
    """
    sources = re.search(r"^SRCS = (.*)$", (folder / "makefile").read_text(), re.MULTILINE)
    assert sources is not None
    names = sources[1].split()
    suffix = Path(next(n for n in names if n.startswith("code_objects/"))).suffix
    objects = [n for n in names if n.startswith("code_objects/")]
    headers: dict[str, None] = {}
    for name in objects:
        headers |= dict.fromkeys(re.findall(r"^#include.*$", (folder / name).read_text(), re.MULTILINE))
    own = [h for h in headers if '"code_objects/' not in h]
    lines = [*own]
    for k, name in enumerate(objects):
        function = f"_run_{Path(name).stem}"
        lines += [
            f"namespace unit_{k} {{",
            f'#include "{name}"',
            "}",
            f"void {function}() {{ unit_{k}::{function}(); }}",
        ]
    lines += [f'#include "{name}"' for name in names if name not in objects]
    if suffix == ".cu":
        _write_random_buffers(folder)
    target = folder / f"{UNITY}{suffix}"
    target.write_text("\n".join(lines) + "\n")
    return target


def _write_random_buffers(folder: Path) -> None:
    """Write what frees Brian2CUDA's buffers of random numbers, whose names are known only now."""
    found = re.findall(r"\b(dev_\w+_allocator);", (folder / "objects.h").read_text())
    lines = ["// Written with this program: its buffers of random numbers.", "#pragma once", '#include "objects.h"', ""]
    lines += ["namespace neuroap {", "inline void free_random_buffers() {"]
    lines += [f"    check(cudaFree(brian::{name}));" for name in dict.fromkeys(found)]
    lines += ["}", "}  // namespace neuroap"]
    (folder / RANDOM_BUFFERS).write_text("\n".join(lines) + "\n")
