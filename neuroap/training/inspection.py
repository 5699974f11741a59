"""Looking into a model: trajectories, its Brian2 network, silenced cells, violations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import xarray as xr
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from neuroap.brian import Network
from neuroap.training.checking import violations
from neuroap.training.lesions import lesioned
from neuroap.training.recording import network_in_process, network_to_record, record
from neuroap.training.trials import encode

if TYPE_CHECKING:
    from neuroap.layout import Layout
    from neuroap.training.learner import Array, Learner


class Inspection:
    """What `CorticalClassifier` offers beside learning and answering."""

    if TYPE_CHECKING:
        learner_: Learner
        layout_: Layout
        seed_: int
        _classes: dict[str, NDArray[Any]]

        def _task(self, task: str | None) -> str: ...

        def _stimuli(self, task: str, X: Any, where: str) -> Array: ...

    def record(
        self, X: Any, y: Any = None, task: str | None = None, *, steps: tuple[int, int] | None = None
    ) -> xr.Dataset:
        """Trajectories of every neuron through both phases, without changing the model.

        Parameters
        ----------
        X : array, shape (trials, inputs)
            All trials settle side by side: 4 bytes x trials x neurons x steps are kept.
        y : array, shape (trials,), optional
            Labels; without them there is no learning phase.
        task : str, optional
            Needed where the layout has several tasks.
        steps : (int, int), optional
            Settling time of inference and learning, in membrane time constants; None: those of the rule. With others
            the trained network runs in this process, whatever its device (nothing has to be compiled).

        Returns
        -------
        Dataset
            ``rate(phase, trial, step, area, neuron)`` and, with labels, ``error(trial, area, neuron)``.

        Raises
        ------
        DataError
            Stimuli, labels or a task that do not fit.
        SettingError
            If `steps` is no pair of positive integers.
        """
        task, data = self._trials(X, y, task)
        return record(network_to_record(self.learner_, task, data, steps), data, learning=y is not None)

    def to_brian2(self, X: Any, y: Any = None, task: str | None = None) -> Network:
        """The Brian2 network, with weights loaded and the trials of X about to be shown side by side.

        Groups are named after inputs, areas and outputs in lower case; neuron ``i`` of trial ``k`` has index
        ``k * N + i``; rates are ``r``, those at the end of inference ``r_inf``. Add a monitor, then
        ``network.run(network.duration)``; with labels the learning phase is part of it, in which an output is
        clamped to its target, and the last time step changes the weights of this network (not of the model).
        With ``brian2.prefs.codegen.target = "numpy"`` a monitor needs no compiling. Cells that a lesion silences have
        rates here too, which nothing receives; `record` shows them as 0.

        Examples
        --------
        >>> network = model.to_brian2(X[:1])  # doctest: +SKIP
        >>> v1 = network["v1"]  # doctest: +SKIP
        >>> monitor = brian2.StateMonitor(v1, "r", record=[0, 1], clock=v1.clock)  # doctest: +SKIP
        >>> network.add(monitor)  # doctest: +SKIP
        >>> network.run(network.duration)  # doctest: +SKIP
        """
        task, data = self._trials(X, y, task)
        return network_in_process(self.learner_, self.learner_.rule, data).hand_over(data, learn=y is not None)

    def lesion(self, *addresses: str) -> Self:
        """A copy of this model in which cells are silent: nothing leaves them, and nothing that leaves them learns.

        A trained model keeps what it has learnt; one that has learnt nothing can then learn without these cells.

        Parameters
        ----------
        *addresses : str
            ``"V1.SE.I"``: the inhibitory cells of a block; ``"V1.SE"``, ``"V1.I"`` or ``"V1"`` for more of them.

        Returns
        -------
        CorticalClassifier
            It has no checkpoint file.

        Raises
        ------
        LayoutError
            Addresses of no cells of an area.
        SettingError
            If there is no layout yet: a model without one gets it when it learns.

        Examples
        --------
        >>> model.score(X, y), model.lesion("V1.SE.I").score(X, y)  # doctest: +SKIP
        """
        return lesioned(self, addresses)

    def check(self, X: Any = None, y: Any = None, task: str | None = None) -> xr.Dataset:
        """Count what must not occur: weights against Dale's law or out of place, rates out of range.

        Parameters
        ----------
        X : array, shape (trials, inputs), optional
            Stimuli for which rates are looked at, in every step.
        y : array, shape (trials,), optional
            Labels, for the learning phase too.
        task : str, optional
            Needed with stimuli where the layout has several tasks.

        Returns
        -------
        Dataset
            Along ``weights``: ``wrong_sign`` (against Dale's law), ``misplaced`` (recurrent weights where there were
            none at first; weights that leave silent cells), ``not_finite``, and how many there are, ``size``. With
            stimuli, along ``area``: ``rate_out_of_range`` (of the activation; NaN too) and how many were looked at,
            ``rates``. ``violations``: the sum of all.
        """
        check_is_fitted(self)
        if X is None:
            return violations(self.learner_, self.seed_)
        return violations(self.learner_, self.seed_, self.record(X, y, task), self._task(task))

    def _trials(self, X: Any, y: Any, task: str | None) -> tuple[str, dict[str, Any]]:
        """The task, and its trials as a network takes them."""
        check_is_fitted(self)
        task = self._task(task)
        x = self._stimuli(task, X, "record")
        return task, {task: (x, None if y is None else encode(y, self._classes[task], len(x), "record"))}
