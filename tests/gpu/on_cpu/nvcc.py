"""Stands in for nvcc: compiles with g++ and the headers beside this file. Called in the folder of the sources."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

HEADERS = Path(__file__).parent
WAITING = re.compile(r"__syncthreads|in_warp\(")  # threads of such a kernel wait for one another
LAUNCH = re.compile(r"(\w+)<<<(.*?)>>>\((.*?)\);", re.DOTALL)
KERNEL = re.compile(r"__global__ void (\w+)\((.*?)^}", re.DOTALL | re.MULTILINE)


def run(*command: str) -> int:
    """Run a command to its end."""
    return subprocess.run(command, check=False).returncode


def main(words: list[str]) -> int:
    """Compile or link as nvcc would."""
    if "--version" in words:
        print("Cuda compilation tools, release 13.0, V13.0.0")
        return 0
    output = words[words.index("-o") + 1]
    if "-dc" not in words:
        return run("g++", *(w for w in words if w.endswith(".o")), "-o", output, "-pthread")
    files = [p for kind in ("*.cu", "*.h", "*.hpp") for p in Path().rglob(kind)]
    texts = {p: p.read_text() for p in files}
    waiting = {name for text in texts.values() for name, body in KERNEL.findall(text) if WAITING.search(body)}

    def call(launch: re.Match[str]) -> str:
        name, sizes, arguments = launch.groups()
        together = "true" if name in waiting else "false"
        return f"on_cpu::Launch({together}, {sizes}) << [&]() {{ {name}({arguments}); }};"

    for path, text in texts.items():
        path.write_text(LAUNCH.sub(call, text))
    source = next(w for w in words if w.endswith(".cu"))
    includes = ["-I.", *(w for w in words if w.startswith("-I/")), "-include", "cuda_runtime.h"]
    options = ["-std=c++20", "-w", "-fpermissive", "-D__CUDACC__", *includes]
    return run("g++", "-x", "c++", *options, "-c", source, "-o", output)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
