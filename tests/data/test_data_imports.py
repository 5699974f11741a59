"""Importing neuroap.data is cheap: heavy libraries come with the call that needs them."""

import subprocess
import sys
from pathlib import Path


def test_importing_loads_no_heavy_library():
    heavy = ["sklearn", "scipy", "pooch", "requests", "brian2", "matplotlib", "xarray"]
    code = f"import sys, neuroap.data; print([name for name in {heavy} if name in sys.modules])"
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
