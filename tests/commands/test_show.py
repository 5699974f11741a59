"""neuroap show: tables on stdout, figures by suffix."""

from __future__ import annotations

import os

import matplotlib.pyplot as plt
import pytest

from models import reuse, two_area

MAGIC = {".png": b"\x89PNG", ".pdf": b"%PDF", ".svg": b"<?xml"}


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def test_the_table(command, models):
    done = command("show", models / "two_area.py")
    assert (done.code, done.out, done.err) == (0, f"{two_area.layout()}\n", "")


@pytest.mark.parametrize("suffix", MAGIC)
def test_a_figure_by_suffix(command, models, suffix):
    done = command("show", models / "two_area.py", "--out", f"figure{suffix}")
    assert (done.code, done.out) == (0, f"{two_area.layout()}\n")
    assert os.listdir() == [f"figure{suffix}"]
    with open(f"figure{suffix}", "rb") as file:
        assert file.read().startswith(MAGIC[suffix])


def test_the_task_decides_about_the_figure(command, models):
    for task in reuse.layout().tasks:
        assert command("show", models / "reuse.py", "--out", f"{task}.svg", "--task", task).code == 0
    with open("mnist.svg") as one, open("fashion.svg") as other:
        texts = one.read(), other.read()
    assert "task 'mnist'" in texts[0] or texts[0] != texts[1]
    assert len(texts[0]) > 1000


def test_layout_files_as_toml(command):
    layout = two_area.layout(5, 3, 2)
    layout.to_toml("mine.toml")
    assert command("show", "mine.toml").out == f"{layout}\n"


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (("--out", "figure.jpg"), 1, "--out: the name of a figure must end in .svg, .png, .pdf (got 'figure.jpg')"),
        (("--out", "nowhere/figure.png"), 1, "nowhere/figure.png: cannot be written: No such file or directory"),
        (("--out", "a.png", "--task", "mnits"), 1, "did you mean 'mnist'?"),
        (("--task", "mnist"), 2, "--task says what the figure shows: give --out FIGURE too"),
    ],
)
def test_what_can_go_wrong(command, models, options, code, message):
    done = command("show", models / "reuse.py", *options)
    assert (done.code, done.out) == (code, "")
    assert message in done.err
    assert os.listdir() == []


def test_a_missing_layout(command, models):
    done = command("show", models / "two_aera.py")
    assert done.code == 1
    assert done.err.endswith("there is no such layout file\n  did you mean 'two_area.py'?\n")
