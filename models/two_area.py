"""The default network of adjoint propagation: two areas of four blocks between image and choice.

Liu et al. 2026, eLife 15:e108237, doi 10.7554/eLife.108237, figures 1 and 2.
"""

from neuroap import Area, Input, Layout, Output, error, inference


def layout(input: int = 784, output: int = 10, block: int = 256) -> Layout:
    """Declare two areas V1 and V2 of four blocks each.

    Parameters
    ----------
    input, output : int
        Number of pixels and of classes.
    block : int
        Neurons in each of the blocks RI, SI, RE and SE (receives and sends inference and error).
    """
    return Layout(
        Input("image", input),
        Area("V1", blocks=block),
        Area("V2", blocks=block),
        Output("choice", output),
        inference("image", "V1.RI"),
        inference("V1.SI", "V2.RI"),
        inference("V2.SI", "choice"),
        error("choice", "V2.RE"),
        error("V2.SE", "V1.RE"),
        name="two_area",
    )
