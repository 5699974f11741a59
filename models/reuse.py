"""Two areas reused by a second task: each task has blocks of its own in both areas, the recurrence is shared.

Liu et al. 2026, eLife 15:e108237, doi 10.7554/eLife.108237, figure 5a: one task is learned after the other.
"""

from neuroap import Area, Input, Layout, Output, error, inference


def layout(input: int = 784, output: int = 10, block: int = 256) -> Layout:
    """Declare areas V1 and V2 with blocks RI1, SI1, RE1, SE1 for "mnist" and RI2, ... for "fashion".

    Parameters
    ----------
    input, output : int
        Number of pixels and of classes, the same in both tasks.
    block : int
        Neurons in each of the eight blocks of an area.
    """
    names = ("RI1", "SI1", "RE1", "SE1", "RI2", "SI2", "RE2", "SE2")
    return Layout(
        Input("x1", input),
        Input("x2", input),
        Area("V1", blocks=dict.fromkeys(names, block)),
        Area("V2", blocks=dict.fromkeys(names, block)),
        Output("y1", output),
        Output("y2", output),
        # Task "mnist"
        inference("x1", "V1.RI1", tasks="mnist"),
        inference("V1.SI1", "V2.RI1", tasks="mnist"),
        inference("V2.SI1", "y1", tasks="mnist"),
        error("y1", "V2.RE1", tasks="mnist"),
        error("V2.SE1", "V1.RE1", tasks="mnist"),
        # Task "fashion"
        inference("x2", "V1.RI2", tasks="fashion"),
        inference("V1.SI2", "V2.RI2", tasks="fashion"),
        inference("V2.SI2", "y2", tasks="fashion"),
        error("y2", "V2.RE2", tasks="fashion"),
        error("V2.SE2", "V1.RE2", tasks="fashion"),
        name="reuse",
    )
