"""Declaring layouts is quick: it loads no arrays, no simulator and no plotting library."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DECLARE = """
from neuroap import Area, Input, Layout, Output, error, hierarchy, inference
layout = hierarchy(3)
assert Layout.from_toml(layout.to_toml()) == layout
assert eval(repr(layout), vars(__import__("neuroap.layout").layout).copy()) == layout
assert str(layout)
"""


def loaded_by(code: str) -> tuple[float, set[str]]:
    """Run `code` in a fresh interpreter; return how long it took in seconds, and the packages it loaded."""
    program = f"""
import sys, time
start = time.perf_counter()
{code}
print(time.perf_counter() - start)
print(*sorted(sys.modules), sep="\\n")
"""
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    seconds, *modules = run.stdout.splitlines()
    return float(seconds), {m.partition(".")[0] for m in modules}


@pytest.mark.parametrize(
    "code",
    [
        "import neuroap",
        "import neuroap.layout",
        "import neuroap.layout.drawing",
        "import models.recruitment",
        DECLARE,
    ],
)
def test_declaring_loads_nothing_heavy(code: str) -> None:
    seconds, packages = loaded_by(code)
    assert "neuroap" in packages
    assert packages.isdisjoint({"brian2", "matplotlib", "sklearn", "scipy", "xarray", "numpy", "sympy"})
    assert seconds < 2  # 0.1 s on an idle machine


def test_drawing_loads_matplotlib() -> None:
    draw = 'import matplotlib; matplotlib.use("Agg"); hierarchy(1).draw()'
    assert "matplotlib" in loaded_by(DECLARE + draw)[1]
    assert "brian2" not in loaded_by(DECLARE + draw)[1]


def test_drawing_weights_loads_numpy_only() -> None:
    packages = loaded_by(DECLARE + "from neuroap import draw_weights; draw_weights(hierarchy(1, 6, 3, 2), 0)")[1]
    assert "numpy" in packages
    assert packages.isdisjoint({"brian2", "matplotlib", "sklearn", "scipy", "xarray", "sympy"})


def test_every_public_name_of_the_layout_is_importable() -> None:
    import neuroap
    import neuroap.layout

    for name in neuroap.layout.__all__:
        assert hasattr(neuroap.layout, name)
    for name in ("Area", "Input", "Layout", "Normal", "Output", "Pathway", "Recurrence", "Uniform", "Zeros"):
        assert getattr(neuroap, name) is getattr(neuroap.layout, name)
    with pytest.raises(AttributeError, match="module 'neuroap' has no attribute 'Aera'"):
        neuroap.Aera  # noqa: B018
