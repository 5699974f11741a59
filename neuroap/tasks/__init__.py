"""Two-alternative tasks: draw stimuli of a level, and trials to train on."""

from neuroap.tasks.function import FunctionTask
from neuroap.tasks.gabor import GaborOrientation
from neuroap.tasks.motion import DotMotion
from neuroap.tasks.task import Trials, TwoAlternative
from neuroap.tasks.viewing import Viewing

TASKS: dict[str, type[TwoAlternative]] = {"gabor": GaborOrientation, "motion": DotMotion}

__all__ = ["TASKS", "DotMotion", "FunctionTask", "GaborOrientation", "Trials", "TwoAlternative", "Viewing"]
