"""TwoAlternative: a task in which the sign of a level says which of two choices is right."""

from __future__ import annotations

import dataclasses
import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuroap.errors import SettingError, did_you_mean
from neuroap.seeds import generator
from neuroap.tasks import checks

CHUNK = 2**16  # numbers computed at once: temporary arrays stay in the cache

Levels = NDArray[np.float64]
Stimuli = NDArray[np.float32]
Setting = str | int | float | list[float]


class Trials(NamedTuple):
    """Trials of a task: stimuli (n, columns), labels (n,) and the levels (n,) that they were made from."""

    X: Stimuli
    y: NDArray[np.int64]
    levels: Levels


@dataclass(frozen=True, kw_only=True)
class TwoAlternative(ABC):
    """A two-alternative task: stimuli of a signed level, plus independent normal noise.

    ``x = signal(level) + noise * z``, ``z ~ normal(0, 1)``; the second choice is right where level > 0.

    Every kind of draw has a generator of its own, and trial k takes the k-th share of it. So the same seed
    gives the same bits, trial k does not depend on how many follow, and conditions that differ in `noise`
    alone share z (common random numbers).

    A task of your own derives from this class and gives `name`, `level_name`, `level_units`, `shape` and
    `signal`; for a plain function see `FunctionTask`.

    Parameters
    ----------
    noise : float
        Standard deviation of the noise.
    train_levels : tuple of float
        Levels of the training trials, of both signs.
    jitter : float
        Standard deviation of the normal number that is added to each training level.

    Raises
    ------
    SettingError
        Settings out of range.
    """

    noise: float = 0.0
    train_levels: tuple[float, ...] = (-1.0, 1.0)
    jitter: float = 0.0

    def __post_init__(self) -> None:
        self._set("noise", checks.number(self._where("noise"), self.noise, least=0))
        self._set("jitter", checks.number(self._where("jitter"), self.jitter, least=0))
        self._set("train_levels", checks.both_signs(self._where("train_levels"), self.train_levels))
        checks.two_names(self._where("choices"), self.choices)
        for level in self.train_levels:
            checks.number(self._where("train_levels"), level, -self.largest_level, self.largest_level)

    @property
    @abstractmethod
    def name(self) -> str:
        """Short name of the task."""

    @property
    @abstractmethod
    def level_name(self) -> str:
        """What is varied, for axes."""

    @property
    @abstractmethod
    def level_units(self) -> str:
        """Units of the level; "1" for none."""

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """Shape of one frame before it was flattened."""

    @property
    def frames(self) -> int:
        """Number of frames; above 1 evidence arrives over time, and a row of X is frame after frame."""
        return 1

    @property
    def columns(self) -> int:
        """Length of one stimulus: frames times inputs."""
        return self.frames * math.prod(self.shape)

    @property
    def choices(self) -> tuple[str, str]:
        """What an observer says to negative and to positive levels."""
        return ("left", "right")

    @property
    def largest_level(self) -> float:
        """Largest size of a level."""
        return math.inf

    @property
    def noise_name(self) -> str:
        """What the noise is, for axes."""
        return "noise"

    @property
    def noise_units(self) -> str:
        """Units of the noise, those of the stimulus."""
        return "1"

    @abstractmethod
    def signal(self, levels: Levels, seed: int) -> Stimuli:
        """Return stimuli without noise, a new array of float32, shape (n, columns), for n checked levels."""

    def stimuli(self, levels: ArrayLike, seed: object) -> Stimuli:
        """Draw one fresh stimulus for each level.

        Parameters
        ----------
        levels : array of float, shape (n,)
            In `level_units`.
        seed : int
            The same seed and levels give the same bits; see `neuroap.seeds.as_seed` for what else it may be.

        Returns
        -------
        array of float32, shape (n, columns)

        Raises
        ------
        DataError
            Levels that are no row of finite numbers, or are out of range.
        SettingError
            A seed that is none.
        """
        checked = self._checked(levels, "stimuli")
        seed = checks.seed(self._where("stimuli.seed"), seed)
        X = self.signal(checked, seed)
        _add_normal(X, self.noise, generator(seed, self.name, "noise"))
        return X

    def labels(self, levels: ArrayLike) -> NDArray[np.int64]:
        """Return the right choice for each level, shape (n,): 1 where level > 0, else 0."""
        return (self._checked(levels, "labels") > 0).astype(np.int64)

    def sample(self, n: int, seed: object) -> Trials:
        """Draw training trials; both labels are equally likely.

        Each level is one of `train_levels` plus ``jitter * normal(0, 1)``, cut to the largest level.

        Parameters
        ----------
        n : int
            Number of trials.
        seed : int
            As for `stimuli`.

        Returns
        -------
        Trials
            ``X, y, levels``, where ``X`` is ``stimuli(levels, seed)``.

        Raises
        ------
        SettingError
            If `n` or `seed` is out of range.
        """
        n = checks.count(self._where("sample.n"), n)
        seed = checks.seed(self._where("sample.seed"), seed)
        levels = self._train_levels(n, seed)
        return Trials(self.stimuli(levels, seed), self.labels(levels), levels)

    def settings(self) -> dict[str, Setting]:
        """Return the name and all settings as text, numbers and lists of numbers, as a file's attributes hold them."""
        own = {field.name: _plain(getattr(self, field.name)) for field in dataclasses.fields(self) if field.init}
        return {"name": self.name, **own}

    def replace(self, **changes: object) -> Self:
        """Return a copy with some settings changed, for example ``task.replace(noise=2)``.

        Raises
        ------
        SettingError
            Unknown names, and settings out of range.
        """
        known = [field.name for field in dataclasses.fields(self) if field.init]
        for name in changes:
            if name not in known:
                raise SettingError(self._where("replace"), "no such setting", name, did_you_mean(name, known))
        return dataclasses.replace(self, **changes)  # type: ignore[arg-type]

    def _train_levels(self, n: int, seed: int) -> Levels:
        draws = generator(seed, self.name, "levels").random((n, 2))
        levels = np.where(
            draws[:, 0] < 0.5,
            _picked([level for level in self.train_levels if level < 0], draws[:, 1]),
            _picked([level for level in self.train_levels if level > 0], draws[:, 1]),
        )
        levels += self.jitter * generator(seed, self.name, "jitter").standard_normal(n)
        return levels.clip(-self.largest_level, self.largest_level)

    def _checked(self, levels: ArrayLike, method: str) -> Levels:
        return checks.row_of_levels(self._where(method), levels, self.largest_level)

    def _where(self, name: str) -> str:
        return f"{type(self).__name__}.{name}"

    def _set(self, name: str, value: object) -> None:
        """Store a checked value in a frozen object that is being made."""
        object.__setattr__(self, name, value)


def chunks(rows: int, columns: int) -> Iterator[slice]:
    """Cut an array of rows x columns into slices of rows of about `CHUNK` numbers."""
    step = max(1, CHUNK // columns)
    for start in range(0, rows, step):
        yield slice(start, start + step)


def _add_normal(X: Stimuli, sd: float, rng: np.random.Generator) -> None:
    """Add ``sd * normal(0, 1)`` to X in place; float32 is drawn twice as fast."""
    if sd > 0:
        for rows in chunks(*X.shape):
            X[rows] += np.float32(sd) * rng.standard_normal(X[rows].shape, np.float32)


def _picked(values: list[float], uniform: Levels) -> Levels:
    """Pick a value for each uniform number in [0, 1), all equally likely."""
    return np.array(values)[(uniform * len(values)).astype(int)]


def _plain(value: object) -> Setting:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, tuple) and all(map(checks.is_number, value)):
        return list(value)
    return value if isinstance(value, str | int | float) else str(value)
