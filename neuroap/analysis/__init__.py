"""Analyses of stored results: Datasets in, Datasets out; no simulator is needed."""

from neuroap.analysis.accuracy import accuracy
from neuroap.analysis.conditions import conditions
from neuroap.analysis.dimension import participation_ratio, pca
from neuroap.analysis.eigenvalues import effective_spectral_radius, outliers
from neuroap.analysis.end_points import end_point_error
from neuroap.analysis.fixed_points import fixed_point, linear_stability, numerical_jacobian
from neuroap.analysis.growth import per_unit_of_time
from neuroap.analysis.lyapunov import finite_time, ftle_max, max_lyapunov
from neuroap.analysis.maps import Map, jvp_error
from neuroap.analysis.periodicity import period, power_spectrum, recurrence
from neuroap.analysis.populations import population_rates, synaptic_currents
from neuroap.analysis.psychometric import fit_psychometric
from neuroap.analysis.regimes import REGIMES, classify
from neuroap.analysis.settling import step_change, steps_to_settle
from neuroap.analysis.spectrum import Dimension, entropy_bound, kaplan_yorke, lyapunov_spectrum
from neuroap.analysis.table import difference_table, psychometric_table
from neuroap.analysis.trials import Trials, read_trials
from neuroap.analysis.two_trajectories import Benettin, two_trajectories
from neuroap.analysis.zero_one import zero_one_test

__all__ = [
    "Benettin",
    "Dimension",
    "Map",
    "REGIMES",
    "Trials",
    "accuracy",
    "classify",
    "conditions",
    "difference_table",
    "effective_spectral_radius",
    "end_point_error",
    "entropy_bound",
    "finite_time",
    "fit_psychometric",
    "fixed_point",
    "ftle_max",
    "jvp_error",
    "kaplan_yorke",
    "linear_stability",
    "lyapunov_spectrum",
    "max_lyapunov",
    "numerical_jacobian",
    "outliers",
    "participation_ratio",
    "pca",
    "per_unit_of_time",
    "period",
    "population_rates",
    "power_spectrum",
    "psychometric_table",
    "read_trials",
    "recurrence",
    "step_change",
    "steps_to_settle",
    "synaptic_currents",
    "two_trajectories",
    "zero_one_test",
]
