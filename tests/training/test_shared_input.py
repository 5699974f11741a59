"""Two tasks that look at the same input at once see the same trials, in an order that both share."""

from __future__ import annotations

import numpy as np

from neuroap import AdjointPropagation, Area, CorticalClassifier, Input, Layout, Output, error, inference

LAYOUT = Layout(
    Input("image", 4),
    Area("V1", blocks=8),
    Output("side", 2),
    Output("row", 2),
    inference("image", "V1.RI"),
    inference("V1.SI", "side", tasks="side"),
    inference("V1.SI", "row", tasks="row"),
    error("side", "V1.RE", tasks="side"),
    error("row", "V1.RE", tasks="row"),
)


def test_both_tasks_are_learnt_from_shuffled_trials() -> None:
    """Each label belongs to the trial that is shown: with orders of their own, one task would learn noise."""
    x = np.random.default_rng(0).random((200, 4))
    data = {"side": (x, (x[:, 0] > 0.5).astype(int)), "row": (x, (x[:, 1] > 0.5).astype(int))}
    model = CorticalClassifier(
        LAYOUT, AdjointPropagation(learning_rate=0.02), epochs=15, task_order="simultaneous", progress=False
    )
    model.fit(data)
    for task, (stimuli, labels) in data.items():
        assert model.score(stimuli, labels, task=task) > 0.85
