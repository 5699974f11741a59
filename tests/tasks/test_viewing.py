"""Degrees of visual angle."""

import math

import pytest

from neuroap.tasks import Viewing


def test_a_centimetre_at_57_cm_is_a_degree():
    assert Viewing.screen(distance_cm=57.29, pixel_mm=10).pixels_per_degree == pytest.approx(1, rel=1e-4)
    assert Viewing.screen(distance_cm=114.58, pixel_mm=0.25).pixels_per_degree == pytest.approx(80, rel=1e-4)


def test_a_degree_around_the_line_of_sight():
    view = Viewing.screen(distance_cm=50, pixel_mm=0.3)
    half = view.pixels(1) / 2 * 0.3  # millimetres
    assert math.degrees(2 * math.atan(half / 500)) == pytest.approx(1)


def test_conversions():
    view = Viewing(40)
    assert view.pixels(0.25) == 10
    assert view.cycles_per_pixel(4) == 0.1
    assert view.pixels(1 / 4) * view.cycles_per_pixel(4) == 1  # one cycle is as long in both units
