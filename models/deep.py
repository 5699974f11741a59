"""A deep hierarchy of equal areas, five by default; `neuroap.hierarchy` is its short form.

Liu et al. 2026, eLife 15:e108237, doi 10.7554/eLife.108237, figure 4.
"""

from itertools import pairwise

from neuroap import Area, Input, Layout, Output, error, inference


def layout(areas: int = 5, input: int = 784, output: int = 10, block: int = 256) -> Layout:
    """Declare areas V1, V2, ... one above the other.

    Parameters
    ----------
    areas : int
        Number of areas.
    input, output : int
        Number of pixels and of classes.
    block : int
        Neurons in each of the blocks RI, SI, RE and SE.
    """
    names = [f"V{i}" for i in range(1, areas + 1)]
    up = [inference(f"{lower}.SI", f"{upper}.RI") for lower, upper in pairwise(names)]
    down = [error(f"{upper}.SE", f"{lower}.RE") for lower, upper in reversed(list(pairwise(names)))]
    return Layout(
        Input("image", input),
        *(Area(name, blocks=block) for name in names),
        Output("choice", output),
        inference("image", f"{names[0]}.RI"),
        *up,
        inference(f"{names[-1]}.SI", "choice"),
        error("choice", f"{names[-1]}.RE"),
        *down,
        name="deep",
    )
