"""Tables of trials: what is read, and what is said about mistakes."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from neuroap.analysis import read_trials
from neuroap.errors import DataError, SettingError

GOOD = {"level": [-1.0, 0.0, 1.0], "choice": [0, 1, 1]}


def csv(folder, text):
    path = folder / "t.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_csv_with_words_spaces_and_conditions(tmp_path):
    text = "\ufeffnoise, stimulus ,choice,observer\n1,-2, Left,A\n\n2.5,1e1,right,B\n"
    trials = read_trials(csv(tmp_path, text), ["noise", "observer"])
    assert trials.level.tolist() == [-2, 10]
    assert trials.positive.tolist() == [False, True]
    assert trials.conditions["noise"].tolist() == [1, 2.5]
    assert trials.conditions["observer"].tolist() == ["A", "B"]
    assert trials.attrs["level"]["long_name"] == "stimulus"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "stimulus,choice\n1,0\n\n2,up\n",
            r"t.csv, line 4: choice must be 0 and 1, -1 and 1, or left and right .*'up'",
        ),
        ("stimulus,choice\n1,0\n2,2\n", r"line 3: choice must be .* \(got 2.0\)"),
        (
            "stimulus,choice\n1,-1\n2,0\n",
            r"line 3: choice must be .* \(got 0.0\)\n  other choices in this table are -1",
        ),
        ("stimulus,choice\n1,0\n2,\n", r"line 3: choice must be .*\n  leave out trials that were not answered"),
        ("stimulus,choice\n1,left\n2,\n", r"line 3: choice must be .*\n  leave out trials that were not answered"),
        ("stimulus,choice\n1,0\nx,1\n", r"line 3: stimulus must be a finite number \(got 'x'\)"),
        ("stimulus,choice\n1,0\n,1\n", r"line 3: stimulus must be a finite number \(got nan\)"),
        ("stimulus,choice\n1,0\n2\n", r"line 3: must hold 2 values, as the first line \(got 1\)"),
        ("stimulus,choise\n1,0\n", r"has no column 'choice' .*\n  did you mean 'choise'\?"),
        ("stimuli,choice\n1,0\n", r"has no column 'level' or 'stimulus' .*\n  did you mean 'stimuli'\?"),
        ("stimulus,choice\n", "t.csv: holds no trials"),
        ("", "has no column 'level' or 'stimulus'"),
        (
            "stimulus,correct\n-1,0\n",
            r"line 2: percent correct needs levels from 0 on \(got -1.0\)\n  signed levels need",
        ),
        ("stimulus,correct\n1,0.5\n", r"line 2: correct must be 0 or 1 \(got 0.5\)"),
        ("stimulus,correct\n1,\n", r"line 2: correct must be 0 or 1 \(got nan\)"),
    ],
)
def test_mistakes_in_a_csv(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        read_trials(csv(tmp_path, text))


@pytest.mark.parametrize("mark", [";", "\t", ","])
def test_other_separators(tmp_path, mark):
    """Commas within quotes do not count; a decimal comma is refused, and could mean thousands."""
    lines = (("noise", "stimulus", "choice", "who"), ("1", "-2", "left", '"a, b"'), ("1", "2.5", "right", '"c, d, e"'))
    trials = read_trials(csv(tmp_path, "\n".join(map(mark.join, lines))), ["who"])
    assert trials.level.tolist() == [-2, 2.5]
    assert trials.conditions["who"].tolist() == ["a, b", "c, d, e"]
    with pytest.raises(DataError, match=r"line 2: stimulus must be .*'1,5'\)\n  write decimals with a point"):
        read_trials(csv(tmp_path, 'stimulus;choice\n"1,5";1\n'))


def test_a_name_that_two_columns_have(tmp_path):
    with pytest.raises(DataError, match=r"t\.csv, line 1: names of columns must differ \(got 'choice'\)"):
        read_trials(csv(tmp_path, "stimulus,choice,choice\n1,0,1\n"))


def test_names_in_capitals(tmp_path):
    """The exact name goes first; two others are ambiguous."""
    trials = read_trials(csv(tmp_path, "Stimulus,CHOICE,Noise\n1,0,5\n2,1,5\n"), ["noise"])
    assert (trials.level.tolist(), trials.conditions["noise"].tolist()) == ([1, 2], [5, 5])
    assert read_trials({"Level": [9.0], "level": [1.0], "choice": [1]}).level.tolist() == [1]
    with pytest.raises(DataError, match=r"must differ by more than capitals: 'level' \(got \['Level', 'LEVEL'\]\)"):
        read_trials({"Level": [9.0], "LEVEL": [1.0], "choice": [1]})


def test_the_column_response():
    """It is the choice, unless there is a choice; beside `correct` it may be anything."""
    trials = read_trials({"level": [-1.0, 1.0], "response": ["left", "right"]})
    assert (trials.kind, trials.positive.tolist()) == ("choice", [False, True])
    both = {"level": [-1.0, 1.0], "response": ["j", "f"], "choice": [0, 1]}
    assert read_trials(both).positive.tolist() == [False, True]
    unsigned = {"level": [1.0, 2.0], "response": ["j", "f"], "correct": [0, 1]}
    assert read_trials(unsigned).kind == "correct"
    with pytest.raises(DataError, match=r"response must be 0 and 1.* \(got 'j'\)\n  name the codes"):
        read_trials(unsigned | {"level": [-1.0, 1.0]})


@pytest.mark.parametrize(
    ("cells", "choices"),
    [
        ("L R", ("L", "R")),
        ("r l", ("R", "L")),
        ("1 2", (1, 2)),
        ("1 2", ("1", "2")),
        ("ccw cw", ("ccw", "cw")),
        ("False True", (False, True)),
        ("False True", None),
    ],
)
def test_codes_of_choices(tmp_path, cells, choices):
    first, second = cells.split()
    path = csv(tmp_path, f"stimulus,choice\n1,{first}\n2,{second}\n3,{first}\n")
    trials = read_trials(path, choices=choices)
    assert trials.positive.tolist() == [False, True, False]
    assert trials.words == (("left", "right") if choices is None else tuple(map(str, choices)))


def test_mistakes_with_codes(tmp_path):
    path = csv(tmp_path, "stimulus,choice\n1,ccw\n2,cw\n3,\n")
    with pytest.raises(DataError, match=r"line 2: choice must be .*'ccw'\)\n  name the codes.*--choices ccw cw"):
        read_trials(path)
    with pytest.raises(DataError, match=r"line 3: choice must be 'ccw' or 'right' \(got 'cw'\)"):
        read_trials(path, choices=("ccw", "right"))
    with pytest.raises(DataError, match=r"line 4: choice must be 'ccw' or 'cw' .*\n  leave out trials that were not"):
        read_trials(path, choices=("ccw", "cw"))
    for wrong in ("lr", ("a", "b", "c"), ("a", "A"), (1, "1.0"), ("", "a"), 5):
        with pytest.raises(SettingError, match="choices: must be two different codes"):
            read_trials(GOOD, choices=wrong)
    with pytest.raises(SettingError, match=r"choices: names codes of choices, and trials only has 'correct'"):
        read_trials({"level": [1.0], "correct": [1]}, choices=("a", "b"))


def test_mistakes_with_conditions(tmp_path):
    path = csv(tmp_path, "stimulus,choice,noise\n1,0,1\n2,1,\n")
    with pytest.raises(DataError, match="line 3: the condition 'noise' is missing"):
        read_trials(path, ["noise"])
    with pytest.raises(DataError, match=r"has no column 'niose' .*\n  did you mean 'noise'\?"):
        read_trials(path, ["niose"])


def test_mistakes_with_files(tmp_path):
    (tmp_path / "text.nc").write_text("no netCDF")
    (tmp_path / "latin.csv").write_bytes(b"stimulus,choice\n1,\xe9\n")
    for name, message in (
        ("no.csv", "no.csv: no such file"),
        ("trials.txt", "trials.txt: must be a .csv or .nc file"),
        ("text.nc", "text.nc: cannot be read as netCDF"),
        ("latin.csv", "latin.csv: cannot be read as CSV in UTF-8"),
    ):
        with pytest.raises(DataError, match=message):
            read_trials(tmp_path / name)


def test_mistakes_with_objects():
    with pytest.raises(DataError, match=r"trials: are no table of trials \(got 'list'\)\n  give an xarray Dataset"):
        read_trials([1, 2])
    with pytest.raises(DataError, match=r"trials, trial 1: level must be a finite number \(got inf\)"):
        read_trials(GOOD | {"level": [0.0, np.inf, 1.0]})
    with pytest.raises(DataError, match="has no variable along the dimension 'trial'"):
        read_trials(xr.Dataset({"level": ("x", [1.0])}))
    with pytest.raises(DataError, match=r"columns must be equally long \(got .*'choice': 2"):
        read_trials(GOOD | {"choice": [0, 1]})


def test_no_right_answer_at_level_zero():
    """Of percent correct, trials at level 0 without a right answer are left out; choices there count."""
    unsigned = {"level": [0.0, 1, 2], "correct": [np.nan, 1, 0]}
    trials = read_trials(unsigned | {"noise": [1, 2, 3]}, ["noise"])
    assert (trials.kind, trials.level.tolist(), trials.positive.tolist()) == ("correct", [1, 2], [True, False])
    assert trials.conditions["noise"].tolist() == [2, 3]
    trials = read_trials(GOOD | {"correct": [1, np.nan, 1]})
    assert (trials.kind, trials.level.tolist(), trials.words) == ("choice", [-1, 0, 1], ("left", "right"))


def test_the_words_of_a_dataset():
    attrs = {"flag_values": [0, 1], "flag_meanings": "first second"}
    dataset = xr.Dataset({"level": ("trial", [1.0, 2]), "choice": ("trial", ["second", "first"], attrs)})
    trials = read_trials(dataset)
    assert trials.words == ("first", "second")
    assert trials.positive.tolist() == [True, False]
    dataset["choice"].attrs["flag_meanings"] = "first interval second interval"
    dataset["choice"].values[:] = ["second", "first"]
    with pytest.raises(DataError, match=r"trial 0: choice must be 0 and 1"):
        read_trials(dataset)


@pytest.mark.parametrize(
    ("meanings", "words"),
    [
        ("far left far right", ("far left", "far right")),
        ("left right neither", ("left", "right")),
        ("side", ("left", "right")),
    ],
)
def test_codes_are_read_whatever_their_meanings(meanings, words):
    """Half of the words for each choice; an odd number says nothing, and hinders nothing."""
    choice = ("trial", [0, 1], {"flag_values": [0, 1], "flag_meanings": meanings})
    trials = read_trials(xr.Dataset({"level": ("trial", [-1.0, 2]), "choice": choice}))
    assert (trials.words, trials.positive.tolist()) == (words, [False, True])


def test_responses_beside_correct_answers():
    """Choices where levels have signs or codes are named, as in tables of real experiments; codes as an array too."""
    table = {"level": [-2.0, -1, 1, 2], "response": list("LRRR"), "correct": [1, 0, 1, 1]}
    for choices in (("L", "R"), np.array(["L", "R"])):
        trials = read_trials(table, choices=choices)
        assert (trials.kind, trials.positive.tolist()) == ("choice", [False, True, True, True])
