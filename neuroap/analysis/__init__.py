"""Analyses of stored results: Datasets in, Datasets out; no simulator is needed."""

from neuroap.analysis.accuracy import accuracy
from neuroap.analysis.conditions import conditions
from neuroap.analysis.psychometric import fit_psychometric
from neuroap.analysis.table import difference_table, psychometric_table
from neuroap.analysis.trials import Trials, read_trials

__all__ = [
    "Trials",
    "accuracy",
    "conditions",
    "difference_table",
    "fit_psychometric",
    "psychometric_table",
    "read_trials",
]
