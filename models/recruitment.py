"""Four areas, two tasks: "fashion" recruits the areas of "mnist" for error (5b) and for inference (5c).

Liu et al. 2026, eLife 15:e108237, doi 10.7554/eLife.108237, figures 5b and 5c, where "fashion" is task 1.
"""

from functools import partial

import neuroap
from neuroap import Area, Input, Layout, Normal, Output, Zeros
from neuroap.errors import LayoutError

VARIANTS = ("5b", "5c")
BLOCKS = ("b1", "b2", "b3", "b4", "b5", "b6")
BOTH = ("fashion", "mnist")

# The pathways of figure 5 with their initial weights.
inference = partial(neuroap.inference, weights=Normal(0.1))
error = partial(neuroap.error, weights=Normal(0.5))


def layout(variant: str = "5b", input: int = 784, output: int = 10, block: int = 256) -> Layout:
    """Declare areas A1 to A4 of six blocks, inputs x1 and x2, outputs y1 and y2.

    Parameters
    ----------
    variant : {"5b", "5c"}
        In "5b", task "fashion" sends its error through the areas A3 and A4 of "mnist". In "5c" two more
        pathways, which are fixed, let it use these areas for inference too.
    input, output : int
        Number of pixels and of classes, the same in both tasks.
    block : int
        Neurons in each of the six blocks of an area.
    """
    if variant not in VARIANTS:
        raise LayoutError("recruitment.variant", f"must be one of {VARIANTS}", variant)
    borrowed = (
        inference("A1.b4", "A3.b1", tasks="fashion", plastic=False),
        inference("A4.b2", "y1", tasks="fashion", plastic=False),
    )
    return Layout(
        Input("x1", input),
        Input("x2", input),
        *(Area(name, blocks=dict.fromkeys(BLOCKS, block)) for name in ("A1", "A2", "A3", "A4")),
        Output("y1", output, bias=Zeros()),
        Output("y2", output, bias=Zeros()),
        # Task "fashion"
        inference("x1", "A1.b1", tasks="fashion"),
        inference("A1.b3", "A2.b1", tasks="fashion"),
        inference("A2.b3", "y1", tasks="fashion"),
        error("y1", "A2.b4", tasks="fashion"),
        error("y1", "A4.b5", tasks="fashion"),
        error("A4.b6", "A3.b3", tasks=BOTH),
        error("A3.b4", "A1.b6", tasks="fashion"),
        # Task "mnist"
        inference("x2", "A3.b5", tasks="mnist"),
        inference("A3.b2", "A4.b1", tasks="mnist"),
        inference("A4.b3", "y2", tasks="mnist"),
        error("y2", "A4.b4", tasks="mnist"),
        *(borrowed if variant == "5c" else ()),
        name=f"recruitment_{variant}",
    )
