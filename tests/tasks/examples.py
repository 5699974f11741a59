"""One task of each kind, for tests that hold for all of them."""

from neuroap.tasks import DotMotion, FunctionTask, GaborOrientation, Viewing


def ramp(level, rng):
    """A stimulus with randomness of its own: a slope in noise."""
    return level * rng.uniform(0.9, 1.1, (2, 1)) * [0.5, 1.0, 1.5] + rng.normal(0, 0.1)


def flat(level, rng):
    """A stimulus without randomness."""
    return level


EXAMPLES = [
    GaborOrientation(noise=1, size=7, sigma=2),
    GaborOrientation(noise=1, size=8, phase="random", frequency=(0.1, 0.4), noise_clip=False),
    GaborOrientation(size=16, envelope="circular", viewing=Viewing(20), frequency=3, contrast=0.4),
    DotMotion(channels=5, frames=3),
    DotMotion(noise=0, train_levels=(-50, 10, 20), jitter=3),
    FunctionTask(ramp, noise=0.3, train_levels=(-2, 1, 3), jitter=0.1),
    FunctionTask(ramp, frames=2),
    FunctionTask(flat, noise=1, level_name="brightness", choices=("darker", "brighter")),
]
NAMES = [f"{task.name}{k}" for k, task in enumerate(EXAMPLES)]
