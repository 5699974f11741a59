"""A layout of every kind that can be declared, for the tests of this folder."""

from models import deep, recruitment, reuse, two_area
from neuroap import (
    Area,
    Input,
    Layout,
    Normal,
    Output,
    Recurrence,
    Uniform,
    Zeros,
    error,
    hierarchy,
    inference,
)
from neuroap.layout import Block

SMALL = {"input": 6, "output": 3}


def skip() -> Layout:
    """Pathways that pass by areas, for inference and for error."""
    return Layout(
        Input("image", 6),
        *(Area(name, 2) for name in ("V1", "V2", "V3")),
        Output("choice", 3),
        inference("image", "V1.RI"),
        inference("V1.SI", "V2.RI"),
        inference("V2.SI", "V3.RI"),
        inference("V3.SI", "choice"),
        inference("V1.SI", "V3.RI", name="shortcut"),
        inference("image", "choice", plastic=False),
        error("choice", "V3.RE"),
        error("V3.SE", "V2.RE"),
        error("V2.SE", "V1.RE"),
        error("choice", "V1.RE", name="broadcast"),
        name="skip",
    )


def streams() -> Layout:
    """Two inputs merge, the stream splits and merges again."""
    return Layout(
        Input("left", 4),
        Input("right", 5),
        Area("V1", 2),
        Area("dorsal", {"RI": 2, "SI": 4, "RE": 1, "SE": 1}),
        Area("ventral", 2),
        Area("IT", 2),
        Output("what", 3),
        inference("left", "V1.RI"),
        inference("right", "V1.RI"),
        inference("V1.SI", "dorsal.RI"),
        inference("V1.SI", "ventral.RI"),
        inference("dorsal.SI", "IT.RI"),
        inference("ventral.SI", "IT.RI"),
        inference("IT.all", "what"),
        error("what", "IT.RE"),
        error("IT.SE", "dorsal.RE"),
        error("IT.SE", "ventral.RE"),
        name="streams",
    )


def opposite_orders() -> Layout:
    """Tasks that use two areas in opposite orders: no cycle in either, one in both together."""
    return Layout(
        Input("x", 4),
        Area("V1", 2),
        Area("V2", 2),
        Output("y1", 3),
        Output("y2", 3),
        inference("x", "V1.RI", tasks="up"),
        inference("V1.SI", "V2.RI", tasks="up"),
        inference("V2.SI", "y1", tasks="up"),
        error("y1", "V2.RE", tasks="up"),
        error("V2.SE", "V1.RE", tasks="up"),
        inference("x", "V2.RI", tasks="down"),
        inference("V2.SI", "V1.RI", tasks="down"),
        inference("V1.SI", "y2", tasks="down"),
        error("y2", "V1.RE", tasks="down"),
        error("V1.SE", "V2.RE", tasks="down"),
        name="opposite_orders",
    )


def settings() -> Layout:
    """Everything that a declaration can say, none of it the default."""
    equations = """
        du/dt = (-u + I_rec + b + I_inf
                 - beta*I_err)/tau : 1  # an equation over two lines: "quoted"
        r = tanh(u) : 1
    """
    return Layout(
        Input("image", 6),
        Area("V1", [Block("A", 2, 3), Block("B", 0, 4)], neurons=9, equations=equations, tau_ms=20.5),
        Area("V2", 2, activation="relu", recurrence=None, bias=Uniform(0.5, scaled=True)),
        Area("V3", 2, recurrence=Recurrence(0.9, 0.5, "with-replacement"), bias=Normal(0.01)),
        Output("choice", 3, bias=None),
        inference("image", "V1.A", weights=Normal(0.1)),
        inference("V1.B", "V2.RI", weights=Uniform(0.3)),
        inference("V2.SI", "V3.RI", weights=Zeros(), plastic=False, name="fixed pathway"),
        inference("V3.SI", "choice", weights=Uniform(2, scaled=True), tasks=("one", "two words")),
        error("choice", "V3.all", weights=Normal(0.5)),
        error("V3.all", "V2.RE"),
        name="every setting",
    )


def cells() -> Layout:
    """Cell types counted block by block, pathways from some of them, silent cells; one area knows labels alone."""
    return Layout(
        Input("image", 6),
        Area(
            "V1",
            {"RI": {"E": 4, "I": 1}, "SI": {"E": 3, "I": 2}, "RE": {"E": 2, "I": 1}, "SE": {"E": 2, "I": 1}},
            activation="saturating",
            recurrence=Recurrence(connection_rate=0.6, bulk_radius=1.2, outlier=-0.1),
            dale=True,
            lesions=("SE.I", "RI"),
        ),
        Area("V2", {"RI": {"E": 3, "I": 1}, "SI": (2, 6), "RE": 2, "SE": {"E": 0, "I": 2}}),
        Output("choice", 3),
        inference("image", "V1.RI"),
        inference("V1.SI.E", "V2.RI"),
        inference("V1.SI.I", "V2.RI.E"),
        inference("V2.SI", "choice"),
        error("choice", "V2.RE"),
        error("V2.SE.I", "V1.RE.E"),
        name="cells",
    )


EXAMPLES: dict[str, Layout] = {
    **{f"hierarchy_{n}": hierarchy(n, 6, 3, 2) for n in range(1, 11)},
    "unequal": hierarchy(2, 6, 3, {"RI": 5, "SI": 3, "RE": 1, "SE": 2}),
    "RI=SI, RE=SE": hierarchy(2, 6, 3, {"RI": (0, 4), "SI": (0, 4), "RE": (4, 8), "SE": (4, 8)}),
    "one block": hierarchy(2, 6, 3, dict.fromkeys(("RI", "SI", "RE", "SE"), (0, 4))),
    "partial overlap": hierarchy(2, 6, 3, {"RI": (0, 4), "SI": (2, 6), "RE": (5, 8), "SE": (7, 9)}, neurons=12),
    "neurons in no block": hierarchy(2, 6, 3, 2, neurons=20),
    "no error": Layout(Input("x", 4), Area("A", 2), Output("y", 2), inference("x", "A.RI"), inference("A.SI", "y")),
    "no area": Layout(Input("x", 4), Output("y", 2), inference("x", "y")),
    "two_area": two_area.layout(**SMALL, block=2),
    "deep": deep.layout(**SMALL, block=2),
    "reuse": reuse.layout(**SMALL, block=2),
    "recruitment 5b": recruitment.layout("5b", **SMALL, block=2),
    "recruitment 5c": recruitment.layout("5c", **SMALL, block=2),
    "skip": skip(),
    "streams": streams(),
    "opposite orders": opposite_orders(),
    "settings": settings(),
    "dale": hierarchy(
        2,
        6,
        3,
        5,
        neurons=24,
        activation="sigmoid",
        recurrence=Recurrence(bulk_radius=1.5, balance=0.9, exact_balance=True),
        excitatory=0.8,
        dale=True,
        name="dale",
    ),
    "cells": cells(),
}
