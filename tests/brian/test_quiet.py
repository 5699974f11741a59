"""Importing neuroap leaves the process as Python made it, but for what Brian2 needs."""

from __future__ import annotations

import subprocess
import sys

FAILS = """
import sys, neuroap
layout = neuroap.Layout(
    neuroap.Input("x", 2),
    neuroap.Area("V1", 2, equations="du/dt = -u : 1\\nr = tanh(u) : 1"),
    neuroap.Output("y", 2),
    neuroap.inference("x", "V1.RI"),
    neuroap.inference("V1.SI", "y"),
)
print("ready")
neuroap.CorticalClassifier(layout, progress=False).fit([[0, 1], [1, 0]], [0, 1])
"""


def run(program: str) -> tuple[str, str]:
    """What a program printed, and the last words of its error."""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    return done.stdout, done.stderr


def test_a_mistake_is_not_called_a_bug_of_brian2() -> None:
    out, err = run(FAILS)
    assert out == "ready\n"
    assert "\nneuroap.errors.EquationsError: Area.equations: 'V1': the right-hand side has unit 1" in err
    assert "Brian 2 encountered" not in err


def test_a_program_that_uses_brian2_itself_keeps_its_hook() -> None:
    assert "Brian 2 encountered" in run(f"import brian2\n{FAILS}")[1]
