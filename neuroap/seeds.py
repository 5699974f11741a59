"""Random generators by name: one integer seeds everything, and no draw depends on another."""

from __future__ import annotations

import hashlib
import numbers

import numpy as np

from neuroap.errors import SettingError


def generator(seed: int, *names: str | int) -> np.random.Generator:
    """Return the generator that belongs to `names` under `seed`.

    The names are hashed into the seed sequence, so that adding an area, a pathway or an epoch
    changes no other draw, and the same seed gives the same bits on every machine.

    Parameters
    ----------
    seed : int
        The one integer that seeds a whole study.
    *names : str or int
        What the numbers are for, for example ``("weights", "V1.recurrence")``.
    """
    path = "\x1f".join(map(str, names)).encode()
    digest = hashlib.sha256(path).digest()
    key = tuple(int.from_bytes(digest[i : i + 4], "little") for i in range(0, 16, 4))
    return np.random.default_rng(np.random.SeedSequence(as_seed(seed), spawn_key=key))


def as_seed(random_state: object) -> int:
    """Turn what scikit-learn calls ``random_state`` into one integer.

    Parameters
    ----------
    random_state : None, int, numpy.random.Generator or numpy.random.RandomState
        None means fresh entropy; a generator is asked for one integer.

    Raises
    ------
    SettingError
        For anything else, and for negative integers.
    """
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(1)[0])
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**31))
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31))
    if isinstance(random_state, numbers.Integral) and int(random_state) >= 0:
        return int(random_state)
    hint = "one integer seeds everything"
    raise SettingError("random_state", "must be None, an integer >= 0 or a generator", random_state, hint)
