"""Mistakes with tasks, and the exact first line of what neuroap says."""

import numpy as np
import pytest
from mistakes import Mistake, Table, check

from neuroap.errors import DataError, SettingError
from neuroap.plotting.stimuli import plot_stimuli
from neuroap.tasks import DotMotion, FunctionTask, GaborOrientation, Viewing

mistake = Table(SettingError)


# Settings


@mistake("GaborOrientation.noise: must be a finite number >= 0 (got -1)")
def negative_noise() -> None:
    GaborOrientation(noise=-1)  # <- mistake


@mistake("GaborOrientation.noise: must be a finite number >= 0 (got True)")
def noise_as_a_switch() -> None:
    GaborOrientation(noise=True)  # <- mistake


@mistake("DotMotion.jitter: must be a finite number >= 0 (got nan)")
def jitter_is_nan() -> None:
    DotMotion(jitter=float("nan"))  # <- mistake


@mistake("GaborOrientation.train_levels: must hold negative and positive numbers, and no 0 (got (3, 6))", "(-6, 6)")
def levels_of_one_sign() -> None:
    GaborOrientation(train_levels=(3, 6))  # <- mistake


@mistake("GaborOrientation.train_levels: must hold negative and positive numbers, and no 0 (got (-6, 0, 6))")
def level_without_a_right_answer() -> None:
    GaborOrientation(train_levels=(-6, 0, 6))  # <- mistake


@mistake("GaborOrientation.train_levels: must hold negative and positive numbers, and no 0 (got 6)")
def a_single_level() -> None:
    GaborOrientation(train_levels=6)  # type: ignore[arg-type]  # <- mistake


@mistake("DotMotion.train_levels: must be a finite number in [-100, 100] (got -120.0)")
def more_than_full_coherence() -> None:
    DotMotion(train_levels=(-120, 120))  # <- mistake


@mistake("GaborOrientation.size: must be an integer >= 2 (got 32.0)")
def size_that_is_no_integer() -> None:
    GaborOrientation(size=32.0)  # type: ignore[arg-type]  # <- mistake


@mistake("GaborOrientation.contrast: must be a finite number in [0, 1] (got 50)")
def contrast_in_percent() -> None:
    GaborOrientation(contrast=50)  # <- mistake


@mistake("GaborOrientation.sigma: must be a finite number >= 0.001 (got 0)")
def no_envelope_by_sigma() -> None:
    GaborOrientation(sigma=0)  # <- mistake


@mistake("GaborOrientation.envelope: must be one of 'gaussian', 'circular', 'none' (got 'gausian')", "mean 'gaussian'?")
def misspelt_envelope() -> None:
    GaborOrientation(envelope="gausian")  # <- mistake


@mistake("GaborOrientation.phase: must be one of 'random' (got 'rand')", "did you mean 'random'?")
def misspelt_phase() -> None:
    GaborOrientation(phase="rand")  # <- mistake


@mistake("GaborOrientation.noise_clip: must be True or False (got 'inside')")
def clip_in_words() -> None:
    GaborOrientation(noise_clip="inside")  # type: ignore[arg-type]  # <- mistake


FREQUENCY = "must ascend from at least half a cycle in the patch to less than half a cycle per pixel"


@mistake(f"GaborOrientation.frequency: {FREQUENCY} (got 4)", "here from 0.0156 to 0.5 cycles per pixel")
def cycles_per_degree_without_viewing() -> None:
    GaborOrientation(frequency=4)  # <- mistake


@mistake(f"GaborOrientation.frequency: {FREQUENCY} (got 0.5)")
def grating_that_can_vanish() -> None:
    GaborOrientation(frequency=0.5, phase=90)  # <- mistake


@mistake(f"GaborOrientation.frequency: {FREQUENCY} (got 0.15)", "here from 0.312 to 10 cycles per degree")
def cycles_per_pixel_with_viewing() -> None:
    GaborOrientation(viewing=Viewing(20))  # <- mistake


@mistake(f"GaborOrientation.frequency: {FREQUENCY} (got (0.2, 0.1))")
def range_from_high_to_low() -> None:
    GaborOrientation(frequency=(0.2, 0.1))  # <- mistake


@mistake("GaborOrientation.frequency: a range must be a pair (lowest, highest) (got [0.1, 0.2, 0.3])")
def frequencies_as_a_list() -> None:
    GaborOrientation(frequency=[0.1, 0.2, 0.3])  # type: ignore[arg-type]  # <- mistake


@mistake("GaborOrientation.viewing: must be a Viewing or None (got 57)", "Viewing(pixels_per_degree=30)")
def viewing_distance() -> None:
    GaborOrientation(viewing=57)  # type: ignore[arg-type]  # <- mistake


@mistake("Viewing.pixels_per_degree: must be a positive number (got 0)")
def no_pixels_in_a_degree() -> None:
    Viewing(0)  # <- mistake


@mistake("Viewing.screen.pixel_mm: must be a positive number (got -0.3)")
def negative_pixels() -> None:
    Viewing.screen(57, -0.3)  # <- mistake


@mistake("DotMotion.frames: must be an integer >= 1 (got 0)")
def no_frames() -> None:
    DotMotion(frames=0)  # <- mistake


@mistake("DotMotion.frames: must be an integer >= 1 (got True)")
def frames_as_a_switch() -> None:
    DotMotion(frames=True)  # <- mistake


@mistake("DotMotion.channels: must be an integer >= 2 (got 1)")
def one_channel() -> None:
    DotMotion(channels=1)  # <- mistake


@mistake("GaborOrientation.replace: no such setting (got 'nois')", "did you mean 'noise'?")
def misspelt_setting() -> None:
    GaborOrientation().replace(nois=2)  # <- mistake


# Levels, numbers of trials, seeds


@mistake("GaborOrientation.stimuli: levels must be a row with one number per trial (got 'shape ()')", "", DataError)
def one_level() -> None:
    GaborOrientation().stimuli(3, seed=0)  # <- mistake


@mistake("DotMotion.stimuli: levels must be a row with one number per trial (got 'shape (2, 3)')", "", DataError)
def table_of_levels() -> None:
    DotMotion().stimuli(np.ones((2, 3)), seed=0)  # <- mistake


@mistake("DotMotion.labels: levels must be a row with one number per trial (got 'shape (0,)')", "", DataError)
def no_levels() -> None:
    DotMotion().labels([])  # <- mistake


@mistake("DotMotion.stimuli: levels must be finite numbers in [-100, 100] (got nan)", "", DataError)
def level_is_nan() -> None:
    DotMotion().stimuli([1, np.nan], seed=0)  # <- mistake


@mistake("GaborOrientation.stimuli: levels must be finite numbers in [-90, 90] (got 91.0)", "", DataError)
def tilt_beyond_the_horizontal() -> None:
    GaborOrientation().stimuli([1, 91], seed=0)  # <- mistake


@mistake("FunctionTask.stimuli: levels must be finite numbers (got inf)", "", DataError)
def infinite_level() -> None:
    FunctionTask(growing_late).stimuli([1, np.inf], seed=0)  # <- mistake


@mistake("DotMotion.dprime: levels must be numbers (got 'strong')", "", DataError)
def level_in_words() -> None:
    DotMotion().dprime("strong")  # <- mistake


@mistake("GaborOrientation.sample.n: must be an integer >= 1 (got 0)")
def no_trials() -> None:
    GaborOrientation().sample(0, seed=0)  # <- mistake


@mistake("GaborOrientation.sample.seed: must be None, an integer >= 0 or a generator (got -1)", "one integer")
def negative_seed() -> None:
    GaborOrientation().sample(10, seed=-1)  # <- mistake


@mistake("DotMotion.stimuli.seed: must be None, an integer >= 0 or a generator (got 'lucky')")
def seed_in_words() -> None:
    DotMotion().stimuli([1], seed="lucky")  # <- mistake


# Functions


def broken(level: float, rng: np.random.Generator) -> list[float]:
    """Not finite for positive levels."""
    return [1.0, -np.inf if level > 0 else 0.0]


def growing(level: float, rng: np.random.Generator) -> list[float]:
    """As long as the level is large."""
    return [0.0] * int(level + 3)


def growing_late(level: float, rng: np.random.Generator) -> list[float]:
    """Longer only beyond the training levels."""
    return [0.0, 0.0, 0.0] if level > 1 else [0.0, 0.0]


@mistake("FunctionTask.stimulus: must be a function (got 3)", "def stimulus(level, rng)")
def no_function() -> None:
    FunctionTask(3)  # type: ignore[arg-type]  # <- mistake


@mistake("FunctionTask.stimulus: must be a function of two arguments, level and rng (got 'ones')")
def function_of_one_argument() -> None:
    def ones(level: float) -> list[float]:
        return [level]

    FunctionTask(ones)  # type: ignore[arg-type]  # <- mistake


@mistake("broken(1, rng): must return finite numbers (got -inf)", "", DataError)
def function_that_is_not_finite() -> None:
    FunctionTask(broken)  # <- mistake


@mistake("growing(1, rng): must return the same shape for every level, here (2,) (got (4,))", "", DataError)
def function_of_varying_length() -> None:
    FunctionTask(growing)  # <- mistake


@mistake("growing_late(1.5, rng): must return the same shape for every level, here (2,) (got (3,))", "", DataError)
def function_of_varying_length_later() -> None:
    FunctionTask(growing_late).stimuli([0.5, 1.5], seed=0)  # <- mistake


@mistake("nothing(-1, rng): must return an array of numbers (got None)", "does the function end in return?", DataError)
def function_without_return() -> None:
    def nothing(level: float, rng: np.random.Generator) -> None:
        pass

    FunctionTask(nothing)  # type: ignore[arg-type]  # <- mistake


@mistake("words(-1, rng): must return an array of numbers (got 'list')", "", DataError)
def function_that_returns_words() -> None:
    def words(level: float, rng: np.random.Generator) -> list[str]:
        return ["left", "right"]

    FunctionTask(words)  # <- mistake


@mistake("empty(-1, rng): must return at least one number (got 'shape (0,)')", "", DataError)
def function_of_nothing() -> None:
    def empty(level: float, rng: np.random.Generator) -> list[float]:
        return []

    FunctionTask(empty)  # <- mistake


TIME = "must return an array whose first dimension is time, of length frames = 3"


@mistake(f"pair(level, rng): {TIME} (got 'shape (2,)')", "", DataError)
def function_without_time() -> None:
    def pair(level: float, rng: np.random.Generator) -> list[float]:
        return [level, -level]

    FunctionTask(pair, frames=3)  # <- mistake


@mistake("FunctionTask.choices: must be two different names (got ('Same', 'same '))", '("left", "right")')
def choices_of_one_name() -> None:
    FunctionTask(growing_late, choices=("Same", "same "))  # <- mistake


@mistake("FunctionTask.choices: must be two names (got ('', 'right'))", '("left", "right")')
def a_choice_without_a_name() -> None:
    FunctionTask(growing_late, choices=("", "right"))  # <- mistake


@mistake("Tilted.choices: must be two different names (got ('tilted', 'tilted'))", '("left", "right")')
def own_task_with_choices_of_one_name() -> None:
    class Tilted(GaborOrientation):
        choices = "tilted", "tilted"

    Tilted()  # <- mistake


@mistake("FunctionTask.choices: must be two names (got ('a', 'b', 'c'))", '("left", "right")')
def three_choices() -> None:
    FunctionTask(growing_late, choices=("a", "b", "c"))  # type: ignore[arg-type]  # <- mistake


@mistake("FunctionTask.level_units: must be text (got 1)")
def units_as_a_number() -> None:
    FunctionTask(growing_late, level_units=1)  # type: ignore[arg-type]  # <- mistake


# Figures


@mistake("plot_stimuli.tasks: must be a task or several (got [])", "GaborOrientation(noise=1)")
def figure_of_no_task() -> None:
    plot_stimuli([])  # <- mistake


@mistake(
    "plot_stimuli.tasks: tasks in one figure must have the same kind of level "
    "(got ['coherence (%)', 'orientation (deg)'])"
)
def figure_of_two_kinds_of_task() -> None:
    plot_stimuli([GaborOrientation(), DotMotion()])  # <- mistake


@pytest.mark.parametrize("case", mistake, ids=mistake.names)
def test_message_names_the_mistake(case: Mistake) -> None:
    """The exact first line, at the user's line."""
    check(case)
