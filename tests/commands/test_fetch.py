"""neuroap fetch: the folder on stdout, errors with a way out."""

from __future__ import annotations

from pathlib import Path

import pytest


def test_name_and_folder_arrive_and_the_place_is_printed(command, monkeypatch):
    def fetch(name, folder):
        assert folder == Path("there")
        return folder / name

    monkeypatch.setattr("neuroap.data.fetch", fetch)
    done = command("fetch", "mnist", "--folder", "there")
    assert (done.code, done.out, done.err) == (0, "there/mnist\n", "")


@pytest.mark.parametrize(
    ("name", "message"),
    [("mnits", "did you mean 'mnist'?"), ("digits", "digits is built in, there is nothing to download")],
)
def test_names_that_cannot_be_fetched(command, name, message):
    done = command("fetch", name)
    assert (done.code, done.out) == (1, "")
    assert message in done.err
