"""neuroap train: what it writes, what it says, and that every option arrives."""

from __future__ import annotations

import json
import os
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from neuroap import CorticalClassifier, Layout
from neuroap.cli import main
from neuroap.commands.outputs import print_json
from neuroap.commands.summary import duration, report, scores
from neuroap.training.history import Epoch, as_dataset

ROOT = Path(__file__).resolve().parents[2]
TWO_AREA, REUSE = ROOT / "models" / "two_area.py", ROOT / "models" / "reuse.py"
SMALL = ("--data", "digits", "--block", 8, "--batch-size", 100, "--learning-rate", 0.03)
FILES = {"checkpoint.nc", "history.nc", "layout.toml", "learning_curve.png"}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with the results of two epochs."""
    out = tmp_path_factory.mktemp("trained") / "deep" / "results"
    assert main([str(a) for a in ("train", TWO_AREA, *SMALL, "--epochs", 2, "--out", out)]) == 0
    return out


def history(folder):
    with xr.open_dataset(folder / "history.nc", engine="h5netcdf") as dataset:
        return dataset.load()


# ---------------------------------------------------------------------- files


def test_all_files_and_no_others(trained):
    assert set(os.listdir(trained)) == FILES


def test_the_files_agree_with_each_other(trained):
    layout = Layout.from_toml(trained / "layout.toml")
    model = CorticalClassifier.load(trained / "checkpoint.nc")
    assert (layout.name, layout["V1"].size, layout["image"].size) == ("two_area", 32, 64)
    assert model.layout_ == layout
    xr.testing.assert_identical(history(trained), model.history_)
    assert (trained / "learning_curve.png").read_bytes().startswith(b"\x89PNG")


def test_it_learns(trained):
    test = history(trained)["test_accuracy"].values[:, 0]
    assert test[-1] > 0.15  # chance: 0.1


def test_the_stored_model_answers_as_the_history_says(trained):
    from neuroap import load

    digits = load("digits")
    score = CorticalClassifier.load(trained / "checkpoint.nc").score(digits.X_test, digits.y_test)
    assert score == pytest.approx(float(history(trained)["test_accuracy"][-1, 0]))


# ---------------------------------------------------------------------- output


def test_resumed_training_goes_on_and_gives_json(command, trained):
    before = history(trained)
    shutil.copytree(trained, "here")
    done = command("train", TWO_AREA, *SMALL, "--epochs", 3, "--out", "here", "--resume", "--json")
    assert done.code == 0
    after = history(Path("here"))
    np.testing.assert_array_equal(after["loss"][:2], before["loss"])
    assert after.sizes["epoch"] == 3
    (task,) = done.json["tasks"].values()
    assert done.json["layout"] == "two_area"
    assert done.json["epochs"] == task["epochs"] == 3
    assert task["test_accuracy"] == float(after["test_accuracy"][-1, 0])
    assert task["best_test_accuracy"] == float(after["test_accuracy"].max())
    assert done.json["seconds"] == pytest.approx(float(after["seconds"].sum()))
    assert {Path(p).name for p in done.json["files"].values()} == FILES
    assert set(os.listdir("here")) == FILES


def test_two_tasks_in_words(command):
    data = ("--data", "mnist=digits", "--data", "fashion=digits")
    done = command("train", REUSE, *data, "--block", 4, "--epochs", 1, "--task-order", "simultaneous")
    assert done.code == 0
    assert set(os.listdir("results")) == FILES
    lines = done.out.splitlines()
    assert lines[0].startswith("reuse: 1 epochs in ")
    assert [line.split()[:3] for line in lines[4:6]] == [["mnist", "digits", "1"], ["fashion", "digits", "1"]]
    assert "Files in results: checkpoint.nc, history.nc" in done.out
    again = f"neuroap train {REUSE} --data mnist=digits --data fashion=digits --epochs 1 --block 4"
    assert f"{again} --task-order simultaneous --error EPE --out results-EPE" in done.out
    assert "loading Brian2" in done.err


# ---------------------------------------------------------------------- options


class Fake:
    """Stands for the estimator: keeps what it was given."""

    made: Fake

    def __init__(self, layout, rule, **settings):
        Fake.made = self
        self.layout, self.rule, self.settings = layout, rule, settings
        self.checkpoint = settings["checkpoint"]
        scores = {("loss", "task"): 1.0, ("train_accuracy", "task"): 0.5, ("test_accuracy", "task"): 0.25}
        self.history_ = as_dataset([Epoch(1.0, scores)], ["task"])

    def fit(self, X, *, test, resume):
        self.fitted = {"X": X, "test": test, "resume": resume}


@pytest.fixture
def fake(monkeypatch):
    monkeypatch.setattr("neuroap.training.CorticalClassifier", Fake)
    monkeypatch.setattr("neuroap.training.settings.check_settings", lambda model: None)


@pytest.mark.usefixtures("fake")
def test_every_option_arrives(command):
    options = "--epochs 7 --seed 3 --batch-size 9 --dtype float64 --device cloud --task-order sequential --resume"
    options += " --precision tf32"
    rule = "--steps 5 6 --error EPE --beta 0.5 --learning-rate 0.25 --recurrent-plasticity 0.125"
    more = "--weight-decay 0.0625 --learning-rate-decay 0.75 --bias-plasticity --out there --block 3"
    done = command("train", TWO_AREA, "--data", "digits", *options.split(), *rule.split(), *more.split())
    assert done.code == 0
    made = Fake.made
    assert made.settings == {
        "epochs": 7,
        "batch_size": 9,
        "precision": "tf32",
        "dtype": "float64",
        "device": "cloud",
        "task_order": "sequential",
        "checkpoint": Path("there/checkpoint.nc"),
        "random_state": 3,
    }
    assert (made.rule.steps, made.rule.error, made.rule.beta) == ((5, 6), "EPE", 0.5)
    assert (made.rule.learning_rate, made.rule.recurrent_plasticity) == (0.25, 0.125)
    assert (made.rule.weight_decay, made.rule.bias_plasticity) == (0.0625, True)
    assert made.rule.learning_rate_decay == 0.75
    assert made.layout["V1"].size == 12
    assert made.fitted["resume"] is True
    assert len(made.fitted["X"]["task"][1]) == 1437
    assert len(made.fitted["test"]["task"][1]) == 360


@pytest.mark.usefixtures("fake")
def test_defaults(command):
    from neuroap import AdjointPropagation

    assert command("train", TWO_AREA, "--data", "digits").code == 0
    made = Fake.made
    assert made.rule == AdjointPropagation()
    assert made.settings["batch_size"] == "auto"
    assert (made.settings["epochs"], made.settings["dtype"]) == (30, "float32")
    assert made.settings["checkpoint"] == Path("results/checkpoint.nc")
    assert made.fitted["resume"] is False
    assert made.layout["V1"].size == 1024


# ---------------------------------------------------------------------- what can go wrong


@pytest.mark.usefixtures("fake")
@pytest.mark.parametrize("out", ["a_file", "a_file/below"])
def test_a_folder_that_cannot_be_written_is_refused_before_training(command, out, monkeypatch):
    Path("a_file").write_text("keep me")
    monkeypatch.setattr(Fake, "fit", lambda *_, **__: pytest.fail("training has begun"))
    done = command("train", TWO_AREA, "--data", "digits", "--out", out)
    assert (done.code, done.out) == (1, "")
    assert "--out: must be a folder that can be written" in done.err
    assert f"(got '{out}')\n  choose another folder; nothing was computed yet" in done.err
    assert Path("a_file").read_text() == "keep me"


@pytest.mark.usefixtures("fake")
def test_the_checkpoint_of_an_earlier_run_is_kept(command):
    Path("results").mkdir()
    Path("results/checkpoint.nc").write_text("hours of work")
    done = command("train", TWO_AREA, "--data", "digits")
    assert done.code == 0
    assert Path("results/checkpoint.previous.nc").read_text() == "hours of work"
    assert "the checkpoint of an earlier run is kept as results/checkpoint.previous.nc" in done.err
    Path("results/checkpoint.nc").write_text("minutes of work")
    assert "is kept as results/checkpoint.previous1.nc" in command("train", TWO_AREA, "--data", "digits").err
    kept = {p.name: p.read_text() for p in Path("results").glob("checkpoint.previous*")}
    assert kept == {"checkpoint.previous.nc": "hours of work", "checkpoint.previous1.nc": "minutes of work"}


@pytest.mark.parametrize("mistake", [("--dtype", "float16"), ("--device", "gpu"), ("--seed", -3), ("--batch-size", 0)])
def test_a_mistake_in_the_settings_keeps_and_overwrites_nothing(command, mistake):
    Path("results").mkdir()
    Path("results/checkpoint.nc").write_text("hours of work")
    done = command("train", TWO_AREA, "--data", "digits", "--block", 4, *mistake)
    assert done.code == 1
    assert os.listdir("results") == ["checkpoint.nc"]
    assert Path("results/checkpoint.nc").read_text() == "hours of work"


@pytest.mark.usefixtures("fake")
def test_what_to_try_next_has_the_settings_of_this_run(command):
    """All that differ from the default, as a shell takes them; neither where results go nor what they look like."""
    options = "--steps 5 6 --dale clip --bias-plasticity --learning-rate-decay 0.9 --seed 3 --dtype float64"
    rule = options.split()
    text = "dw = -phase*r_pre*e_post"
    given = ("--block", 4, *rule, "--plasticity", text, "--out", "a b", "--resume")
    done = command("train", TWO_AREA, "--data", "digits", *given)
    (line,) = (line.strip() for line in done.out.splitlines() if "--error EPE" in line)
    words = shlex.split(line)
    assert words[:5] == ["neuroap", "train", str(TWO_AREA), "--data", "digits"]
    assert words[-4:] == ["--error", "EPE", "--out", "a b-EPE"]
    between = words[5:-4]
    assert sorted(between) == sorted(["--block", "4", *rule, "--plasticity", text])
    assert between[between.index("--steps") + 1 :][:2] == ["5", "6"]


@pytest.mark.usefixtures("fake")
def test_an_update_for_dales_law_that_nothing_obeys_is_said(command):
    done = command("train", TWO_AREA, "--data", "digits", "--dale", "multiplicative")
    assert "--dale multiplicative changes nothing: no area of two_area obeys Dale's law" in done.err
    dale = TWO_AREA.with_name("cortical_area.py")
    assert "changes nothing" not in command("train", dale, "--data", "digits", "--dale", "multiplicative").err


@pytest.mark.usefixtures("fake")
def test_nothing_to_resume_is_said(command):
    done = command("train", TWO_AREA, "--data", "digits", "--resume")
    assert "results/checkpoint.nc is not there: nothing to resume" in done.err


@pytest.mark.usefixtures("fake")
def test_interrupted_training_says_how_to_go_on(command, monkeypatch):
    def fit(self, *_, **__):
        self.checkpoint.write_text("so far")
        raise KeyboardInterrupt

    monkeypatch.setattr(Fake, "fit", fit)
    done = command("train", TWO_AREA, "--data", "digits")
    assert (done.code, done.out) == (130, "")
    assert "add --resume to go on from results/checkpoint.nc" in done.err
    assert os.listdir("results") == ["checkpoint.nc"]


@pytest.mark.usefixtures("fake")
def test_a_file_that_cannot_be_written_leaves_no_partial_file(command):
    Path("results/history.nc").mkdir(parents=True)
    done = command("train", TWO_AREA, "--data", "digits")
    assert done.code == 1
    assert "neuroap: error: results/history.nc: cannot be written: Is a directory" in done.err
    assert os.listdir("results") == ["history.nc"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--epochs", 0), "epochs: must be a positive integer (got 0)"),
        (("--dtype", "float23"), "did you mean 'float32'?"),
        (("--device", "run_time"), "did you mean 'runtime'?"),
        (("--task-order", "alternate"), "did you mean 'alternating'?"),
        (("--beta", -1), "AdjointPropagation.beta: must be a number >= 0 (got -1.0)"),
        (("--seed", -1), "must be None, an integer >= 0"),
    ],
)
def test_settings_out_of_range(command, options, message):
    done = command("train", TWO_AREA, *SMALL, *options)
    assert (done.code, done.out) == (1, "")
    assert message in done.err


def test_a_damaged_checkpoint(command):
    Path("results").mkdir()
    Path("results/checkpoint.nc").write_text("not netCDF")
    done = command("train", TWO_AREA, *SMALL, "--resume")
    assert (done.code, done.out) == (1, "")
    assert done.err.splitlines()[1].startswith("neuroap: error: results/checkpoint.nc: is no neuroap checkpoint")
    assert Path("results/checkpoint.nc").read_text() == "not netCDF"


# ---------------------------------------------------------------------- summary


def epochs(*rows):
    """A history of tasks "a" and "b" from (train a, test a, train b, test b) per epoch."""
    names = [(s, t) for t in "ab" for s in ("train_accuracy", "test_accuracy")]
    return as_dataset([Epoch(2.0, dict(zip(names, row, strict=True)) | {("loss", "a"): row[0]}) for row in rows], "ab")


def test_scores_take_the_last_that_was_measured():
    nan = np.nan
    found = scores(epochs((0.5, 0.7, nan, 0.1), (0.6, 0.6, nan, 0.2), (nan, 0.65, 0.9, 0.8)))
    assert (found["epochs"], found["seconds"]) == (3, 6.0)
    assert found["tasks"]["a"] == {
        "epochs": 2,
        "loss": 0.6,
        "train_accuracy": 0.6,
        "test_accuracy": 0.65,
        "best_test_accuracy": 0.7,
        "best_test_epoch": 1,
    }
    b = found["tasks"]["b"]
    assert (b["epochs"], b["train_accuracy"], b["best_test_epoch"]) == (1, 0.9, 3)
    assert np.isnan(b["loss"])


def test_what_was_not_measured_is_null_in_json(capsys):
    print_json({"score": np.nan, "more": [np.inf, 1.5], "path": Path("a")})
    assert json.loads(capsys.readouterr().out) == {"score": None, "more": [None, 1.5], "path": "a"}


def test_what_was_not_measured_is_a_dash():
    result = {"layout": "x", **scores(epochs((0.5, np.nan, 0.25, np.nan))), "files": {"a": Path("r/a.nc")}}
    lines = report(result, {"a": "mnist", "b": "digits"}, ["do this"]).splitlines()
    assert lines[4].split() == ["a", "mnist", "1", "50.00", "%", "-", "-", "-"]
    assert lines[-1] == "  do this"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.44, "0.4 s"),
        (59.9, "59.9 s"),
        (59.97, "1 min 0 s"),
        (119.9, "2 min 0 s"),
        (3599, "59 min 59 s"),
        (7261, "2 h 1 min"),
    ],
)
def test_durations(seconds, text):
    assert duration(seconds) == text


def test_the_file_of_a_layout_says_how_it_learns(command, tmp_path):
    """RULE of the file, changed by what is given; a layout without one learns by the published rule."""
    file = tmp_path / "own.py"
    text = "from neuroap import AdjointPropagation, hierarchy\nRULE = AdjointPropagation(steps=(3, 2), beta=0.5)\n"
    file.write_text(f"{text}def layout(input=64, output=10, block=4):\n    return hierarchy(1, input, output, block)\n")
    given = ("--epochs", 1, "--learning-rate", 0.25, "--plasticity", "dw = -phase*(r_pre - rest_pre)*e_post")
    assert command("train", file, "--data", "digits", *given, "--out", tmp_path / "out").code == 0
    rule = CorticalClassifier.load(tmp_path / "out" / "checkpoint.nc").rule
    assert (rule.steps, rule.beta, rule.learning_rate) == ((3, 2), 0.5, 0.25)
    assert rule.plasticity == given[-1]
    file.write_text(file.read_text().replace("AdjointPropagation(steps=(3, 2), beta=0.5)", "'Adam'"))
    failed = command("train", file, "--data", "digits")
    assert failed.code != 0
    assert "RULE must be an AdjointPropagation (got 'Adam')" in failed.err
