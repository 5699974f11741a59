"""The command line as a whole: help, exit codes, start-up, and what Brian2 does to a process."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import neuroap
from neuroap import cli, commands
from neuroap.errors import DataError

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("demo", "train", "psychometric", "fit", "regimes", "show", "verify", "benchmark", "fetch", "doctor")
HEAVY = ("brian2", "matplotlib", "xarray", "sklearn", "scipy", "numpy", "sympy", "pandas")
NEUROAP = (sys.executable, "-m", "neuroap.cli")


def python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `code` in a fresh interpreter."""
    env = os.environ | environment
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, timeout=60)


def test_help_names_every_command(command):
    done = command("--help")
    assert (done.code, done.err) == (0, "")
    for name in NAMES:
        assert re.search(rf"^    {name}\s+\w", done.out, re.MULTILINE)


@pytest.mark.parametrize("name", NAMES)
def test_each_command_has_help_with_its_defaults_filled_in(command, name):
    done = command(name, "--help")
    assert done.code == 0
    assert done.out.startswith(f"usage: neuroap {name}")
    assert "%(" not in done.out


@pytest.mark.parametrize("arguments", [["--help"], ["train", "--help"], ["--version"], ["trian"]])
def test_start_up_loads_nothing_heavy(arguments):
    code = f"import sys; from neuroap.cli import main; main({arguments}); print(*sys.modules, file=sys.stderr)"
    start = time.perf_counter()
    done = python(code)
    seconds = time.perf_counter() - start
    packages = {name.partition(".")[0] for name in done.stderr.split()}
    assert "argparse" in packages
    assert packages.isdisjoint(HEAVY)
    assert seconds < 2  # 0.11 s on an idle machine


def test_version(command):
    done = command("--version")
    assert (done.code, done.out) == (0, f"neuroap {neuroap.__version__}\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["trian"], "invalid choice: 'trian'"),
        (["train", "layout.py"], "the following arguments are required: --data"),
        (["train", "layout.py", "--data", "digits", "--epochs", "many"], "invalid int value: 'many'"),
        (["train", "layout.py", "--data", "digits", "--error", "ETS"], "invalid choice: 'ETS'"),
        (["verify"], "the following arguments are required: TRACE"),
    ],
)
def test_wrong_usage_is_2(command, arguments, message):
    done = command(*arguments)
    assert (done.code, done.out) == (2, "")
    assert message in done.err


def test_an_error_is_1_and_one_message_without_traceback(command, monkeypatch):
    def fail(*_):
        raise DataError("images", "must be round", 3, "roll them")

    monkeypatch.setattr("neuroap.data.fetch", fail)
    done = command("fetch", "mnist")
    assert (done.code, done.out) == (1, "")
    assert done.err == "neuroap: error: images: must be round (got 3)\n  roll them\n"


def test_interrupted_is_130(command, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("neuroap.data.fetch", interrupt)
    done = command("fetch", "mnist")
    assert (done.code, done.out, done.err) == (130, "", "neuroap: interrupted\n")


def test_a_bug_is_not_hidden(command, monkeypatch):
    monkeypatch.setattr("neuroap.data.fetch", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError, match="division by zero"):
        command("fetch", "mnist")


def test_nobody_reads_the_output():
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [*NEUROAP, "show", "models/deep.py"], cwd=ROOT, stdout=write, stderr=subprocess.PIPE, text=True
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (cli.BROKEN_PIPE, "")


def test_brian2_leaves_a_process_of_our_own_alone(tmp_path):
    code = """
import os, sys, tempfile
from neuroap import commands
commands.own_process = True
commands.load("neuroap.brian")
import brian2
assert sys.excepthook is sys.__excepthook__
assert not brian2.prefs.core.stop_on_keyboard_interrupt
assert os.listdir(tempfile.gettempdir()) == [], os.listdir(tempfile.gettempdir())
raise RuntimeError("a bug")
"""
    done = python(code, TMPDIR=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.rstrip().endswith("RuntimeError: a bug")
    assert "Brian 2 encountered" not in done.stderr
    assert os.listdir(tmp_path) == []


def test_other_processes_keep_brian2_as_it_is(monkeypatch):
    monkeypatch.setattr(commands, "_calm", lambda _: pytest.fail("this process is not our own"))
    assert commands.load("neuroap.brian").CorticalNetwork


def test_only_arguments_of_the_process_make_it_our_own(monkeypatch, capsys):
    monkeypatch.setattr(commands, "own_process", False)
    monkeypatch.setattr(sys, "argv", ["neuroap", "--version"])
    assert cli.main(["--version"]) == 0
    assert not commands.own_process
    assert cli.main() == 0
    assert commands.own_process
    assert capsys.readouterr().out.count("neuroap 0") == 2


def test_a_command_in_the_background_goes_on_when_the_script_is_interrupted(tmp_path):
    """Shells let background jobs ignore Ctrl-C; Brian2's handler would call what is to be ignored."""
    text = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); import neuroap.cli as c; sys.exit(c.main())"
    )
    given = [
        str(ROOT / "models" / "two_area.py"),
        "--data",
        "digits",
        "--block",
        "8",
        "--epochs",
        "40",
        "--out",
        str(tmp_path),
    ]
    process = subprocess.Popen([sys.executable, "-c", text, "train", *given], stderr=subprocess.PIPE, text=True)
    while not (tmp_path / "checkpoint.nc").exists():
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert (tmp_path / "learning_curve.png").is_file()
