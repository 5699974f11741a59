"""The random tanh area of the reference: 1,024 neurons, nine spectral radii, three drives (five minutes: -m slow)."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from neuroap import Layout, Recurrence, hierarchy, load
from neuroap.analysis import max_lyapunov
from neuroap.analysis.maps import Map
from neuroap.regimes import area_map
from neuroap.seeds import generator

REFERENCE = Path(__file__).parents[3] / "shared" / "reference-lyapunov.csv"
DATA = Path(__file__).parents[3] / "shared" / "data" / "fashion-mnist"
RADII = (0.01, 0.1, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 2)
SEEDS, STATES = range(2), 8


def reference(radius: float, drive: str) -> float:
    """Mean exponent of the reference over its seeds."""
    with REFERENCE.open(encoding="utf-8") as file:
        rows = [r for r in csv.DictReader(file) if float(r["sr"]) == radius and r["drive"] == drive]
    return float(np.mean([float(r["mle"]) for r in rows]))


def images() -> NDArray[np.floating]:
    """A few images of clothes."""
    if not DATA.exists():
        pytest.skip(f"no images at {DATA}: they lie beside the checkout, not in it")
    found: NDArray[np.floating] = load(DATA).X_test[:STATES]
    return found


def driven(layout: Layout, drive: str, seed: int) -> Map:
    """An area as in the reference: no drive, numbers in [-1, 1] to the first quarter, or an image."""
    if drive == "pixels":
        return area_map(layout, "V1", images(), seed=seed)
    c = np.zeros(1024)
    if drive == "uniform1":
        c[:256] = generator(seed, "uniform drive").uniform(-1, 1, 256)
    return area_map(layout, "V1", drive=c, seed=seed)


@pytest.mark.slow
@pytest.mark.skipif(not REFERENCE.exists(), reason=f"no {REFERENCE.name} beside the checkout")
@pytest.mark.parametrize("drive", ["none", "uniform1", "pixels"])
@pytest.mark.parametrize("radius", RADII)
def test_exponents_are_those_of_the_reference(radius: float, drive: str) -> None:
    """Seeds averaged: to 0.02 below spectral radius 1, to 0.04 from there on."""
    layout = hierarchy(1, recurrence=Recurrence(spectral_radius=radius, placement="with-replacement"))
    transient = 2000 if radius == 1 else 400
    found = [max_lyapunov(driven(layout, drive, s), STATES, 1000, transient, seed=s) for s in SEEDS]
    exponent = float(np.mean([float(f.mle) for f in found]))
    print(f"spectral radius {radius}, {drive}: {exponent:.4f}, reference {reference(radius, drive):.4f}")
    assert exponent == pytest.approx(reference(radius, drive), abs=0.02 if radius < 1 else 0.04)
