"""Two cortical areas of excitatory and inhibitory cells that obey Dale's law, and learn by adjoint propagation.

The hierarchy of Liu et al. 2026, eLife 15:e108237, doi 10.7554/eLife.108237; cell types are not part of that study.
Four of five cells are excitatory (Markram et al. 2004, doi 10.1038/nrn1519); inhibition balances excitation
(van Vreeswijk & Sompolinsky 1996, doi 10.1126/science.274.5293.1724).
"""

from neuroap import AdjointPropagation, Layout, hierarchy

# Cells are active at rest, and what they have in common says nothing about a trial: measured from near the rate at
# rest (a covariance rule), updates of all weights into a neuron no longer go up and down together. What is left of that
# shakes the rates as much as the learning rate is large: it decays.
RULE = AdjointPropagation(
    steps=(5, 5),
    learning_rate=5e-3,
    learning_rate_decay=0.85,
    plasticity="dw = -phase*(r_pre - 0.6*rest_pre)*e_post",
)


def layout(input: int = 784, output: int = 10, block: int = 256, frames: int = 1) -> Layout:
    """Declare two areas V1 and V2 of four blocks each, every block of excitatory and inhibitory cells.

    Parameters
    ----------
    input, output : int
        Number of pixels and of choices.
    block : int
        Neurons in each of the blocks RI, SI, RE and SE (receives and sends inference and error).
    frames : int
        Frames of a stimulus that changes while the first area settles.
    """
    return hierarchy(2, input, output, block, frames=frames, dale=True, name="cortical_area")
