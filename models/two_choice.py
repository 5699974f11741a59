"""Two areas that judge stimuli between two choices, such as whether a grating is tilted to the left or to the right.

Liu et al. 2026, eLife 15:e108237, doi 10.7554/eLife.108237, appendix 2 and its figure.
"""

from neuroap import Area, Input, Layout, Output, Recurrence, error, inference


def layout(input: int = 1024, output: int = 2, block: int = 64, frames: int = 1) -> Layout:
    """Declare two areas V1 and V2 of four blocks each, with recurrence of connection rate 1.

    Connections are drawn with replacement, as in the published study: some places get several, and 37% none.

    Parameters
    ----------
    input, output : int
        Number of pixels and of choices.
    block : int
        Neurons in each of the blocks RI, SI, RE and SE (receives and sends inference and error).
    frames : int
        Frames of a stimulus that changes while the first area settles.
    """
    recurrence = Recurrence(spectral_radius=0.25, connection_rate=1, placement="with-replacement")
    return Layout(
        Input("image", input, frames),
        Area("V1", block, recurrence=recurrence),
        Area("V2", block, recurrence=recurrence),
        Output("choice", output),
        inference("image", "V1.RI"),
        inference("V1.SI", "V2.RI"),
        inference("V2.SI", "choice"),
        error("choice", "V2.RE"),
        error("V2.SE", "V1.RE"),
        name="two_choice",
    )
