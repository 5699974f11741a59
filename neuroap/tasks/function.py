"""FunctionTask: a task from a function of one's own."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from neuroap.errors import DataError, SettingError
from neuroap.seeds import generator
from neuroap.tasks import checks
from neuroap.tasks.task import Levels, Setting, Stimuli, TwoAlternative

Stimulus = Callable[[float, np.random.Generator], ArrayLike]


@dataclass(frozen=True)
class FunctionTask(TwoAlternative):
    """A task whose stimuli a function ``stimulus(level, rng) -> array`` draws, one trial at a time.

    ``x = stimulus(level, rng) + noise z``, ``z ~ normal(0, 1)`` for each number. All that is random in the
    function must come from `rng`, a numpy Generator of its own for each trial.

    Parameters
    ----------
    stimulus : callable
        Gets the level and `rng`; returns finite numbers in an array of any shape, the same for every level.
    name : str
        By default the name of the function. It names the generators too: another name, other draws.
    level_name, level_units : str
        What the level is, for axes and files; units "1" means none.
    choices : (str, str)
        What an observer says to negative and to positive levels.
    frames : int
        Above 1 evidence arrives over time: the first dimension of the array is time and has this length.
    noise, train_levels, jitter
        As for every `TwoAlternative`; noise 0 leaves the function's numbers as they are.

    Raises
    ------
    SettingError
        Settings out of range, or a function that does not take a level and a generator.
    DataError
        A function that returns something else than finite numbers, or different shapes for different levels.

    Examples
    --------
    Which of two discs is brighter?

    >>> def brightness(level, rng):
    ...     base = rng.uniform(0.3, 0.7)
    ...     return [base - level / 2, base + level / 2]
    >>> task = FunctionTask(brightness, train_levels=(-0.2, 0.2), noise=0.1)
    >>> X, y, levels = task.sample(400, seed=0)
    >>> X.shape
    (400, 2)
    """

    stimulus: Stimulus
    name: str = field(default="", kw_only=True)
    level_name: str = field(default="level", kw_only=True)
    level_units: str = field(default="1", kw_only=True)
    choices: tuple[str, str] = field(default=("left", "right"), kw_only=True)
    frames: int = field(default=1, kw_only=True)
    _result_shape: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_function()
        self._set("name", self.name or _name(self.stimulus))
        for text in ("name", "level_name", "level_units"):
            if not isinstance(getattr(self, text), str):
                raise SettingError(self._where(text), "must be text", getattr(self, text))
        self._set("choices", checks.two_names(self._where("choices"), self.choices))
        self._set("frames", checks.count(self._where("frames"), self.frames))
        self._set("_result_shape", self._probed_shape())

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of what the function returns, without time."""
        return self._result_shape[1:] if self.frames > 1 else self._result_shape

    def signal(self, levels: Levels, seed: int) -> Stimuli:
        """Return what the function draws for each level, flattened, shape (n, columns)."""
        X = np.empty((len(levels), *self._result_shape), np.float32)
        for k, level in enumerate(levels.tolist()):
            X[k] = self._draw(level, generator(seed, self.name, "trial", k), self._result_shape)
        return X.reshape(len(levels), -1)

    def settings(self) -> dict[str, Setting]:
        """Return the name and all settings, the function and the names of the choices as text."""
        return super().settings() | {"stimulus": _name(self.stimulus), "choices": ", ".join(self.choices)}

    def _draw(self, level: float, rng: np.random.Generator, shape: tuple[int, ...] | None = None) -> Levels:
        """What the function returns for one trial, checked."""
        where = f"{_name(self.stimulus)}({level:g}, rng)"
        given = self.stimulus(level, rng)
        if given is None:
            raise DataError(where, "must return an array of numbers", None, "does the function end in return?")
        try:
            drawn = np.asarray(given, np.float64)
        except (TypeError, ValueError) as error:
            raise DataError(where, "must return an array of numbers", type(given).__name__) from error
        if not drawn.size:
            raise DataError(where, "must return at least one number", f"shape {drawn.shape}")
        if not np.isfinite(drawn).all():
            raise DataError(where, "must return finite numbers", float(drawn[~np.isfinite(drawn)][0]))
        if shape is not None and drawn.shape != shape:
            raise DataError(where, f"must return the same shape for every level, here {shape}", drawn.shape)
        return drawn

    def _probed_shape(self) -> tuple[int, ...]:
        """The shape that the function returns, at the lowest and at the highest training level."""
        rng = generator(0, self.name, "probe")
        shape = self._draw(min(self.train_levels), rng).shape
        self._draw(max(self.train_levels), rng, shape)
        if self.frames > 1 and shape[:1] != (self.frames,):
            rule = f"must return an array whose first dimension is time, of length frames = {self.frames}"
            raise DataError(f"{_name(self.stimulus)}(level, rng)", rule, f"shape {shape}")
        return shape

    def _check_function(self) -> None:
        where, example = self._where("stimulus"), "for example def stimulus(level, rng): ..."
        if not callable(self.stimulus):
            raise SettingError(where, "must be a function", self.stimulus, example)
        try:
            inspect.signature(self.stimulus).bind(0.0, None)
        except TypeError as error:
            rule = "must be a function of two arguments, level and rng"
            raise SettingError(where, rule, _name(self.stimulus), example) from error
        except ValueError:  # some built-in functions do not say what they take
            pass


def _name(function: Stimulus) -> str:
    return getattr(function, "__name__", type(function).__name__)
