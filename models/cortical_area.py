"""Two cortical areas of excitatory and inhibitory cells that obey Dale's law, and learn by adjoint propagation.

The hierarchy of Liu et al. 2026, eLife 15:e108237, doi 10.7554/eLife.108237; cell types are not part of that study.
Four of five cells are excitatory (Markram et al. 2004, doi 10.1038/nrn1519); inhibition balances excitation
(van Vreeswijk & Sompolinsky 1996, doi 10.1126/science.274.5293.1724).
"""

from neuroap import AdjointPropagation, Layout, Recurrence, Uniform, hierarchy

# Rates lie in (0, 1) around a spontaneous 1/2 with half the slope of tanh: weights twice those of the published
# network pass on as much, and an optimiser of fixed steps moves them twice as far.
RULE = AdjointPropagation(steps=(5, 5), learning_rate=4e-3)


def layout(input: int = 784, output: int = 10, block: int = 256, frames: int = 1, dale: bool = True) -> Layout:
    """Declare two areas V1 and V2 of four blocks each, every block of excitatory and inhibitory cells.

    Parameters
    ----------
    input, output : int
        Number of pixels and of choices.
    block : int
        Neurons in each of the blocks RI, SI, RE and SE (receives and sends inference and error).
    frames : int
        Frames of a stimulus that changes while the first area settles.
    dale : bool
        False: cell types are labels alone, and weights have any sign.
    """
    return hierarchy(
        2,
        input,
        output,
        block,
        activation="sigmoid",
        recurrence=Recurrence(bulk_radius=1.5, exact_balance=dale),
        weights=Uniform(2, scaled=True),
        feedback=Uniform(2),
        frames=frames,
        excitatory=0.8,
        dale=dale,
        name="cortical_area",
    )
