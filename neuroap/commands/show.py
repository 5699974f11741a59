"""neuroap show: print a layout as tables, or draw it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from neuroap.commands.layout_file import LayoutFile
from neuroap.commands.outputs import check_figure, say, writing

EXAMPLE = "example: neuroap show models/two_area.py --out two_area.svg"


def add(subparsers: Any) -> None:
    """Declare the command and its options."""
    parser = subparsers.add_parser("show", help="print a layout, or draw it", epilog=EXAMPLE)
    parser.set_defaults(run=run, parser=parser)
    parser.add_argument("layout", metavar="LAYOUT", help="a .py file with a function layout(), or a .toml file")
    parser.add_argument("--out", metavar="FIGURE", type=Path, help="draw it into this .svg, .png or .pdf file")
    parser.add_argument("--task", help="the task whose pathways the figure shows in colour")


def run(args: argparse.Namespace) -> int:
    """Print the tables of a layout, and write its figure if one is wanted."""
    if args.out is None and args.task is not None:
        args.parser.error("--task says what the figure shows: give --out FIGURE too")
    layout = LayoutFile(args.layout).declare()
    layout.check_tasks(args.task)
    if args.out is not None:
        check_figure(args.out)
        figure = layout.draw(task=args.task).get_figure(root=True)
        assert figure is not None
        with writing(args.out) as partial:
            figure.savefig(partial, dpi=200)
        say(f"figure: {args.out}")
    print(layout)
    return 0
