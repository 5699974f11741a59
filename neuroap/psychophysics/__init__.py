"""Psychophysics: train a network on a two-alternative task, and measure it as one measures an observer."""

from neuroap.psychophysics.experiments import experiment, join
from neuroap.psychophysics.network import PUBLISHED_RULE, rule_for, two_choice
from neuroap.psychophysics.questplus import QuestPlus
from neuroap.psychophysics.training import train

__all__ = ["PUBLISHED_RULE", "QuestPlus", "experiment", "join", "rule_for", "train", "two_choice"]
