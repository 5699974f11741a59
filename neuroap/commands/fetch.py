"""neuroap fetch: download a data set."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from neuroap.commands import load

EXAMPLE = "example: neuroap fetch fashion-mnist"


def add(subparsers: Any) -> None:
    """Declare the command and its options."""
    parser = subparsers.add_parser("fetch", help="download a data set", epilog=EXAMPLE)
    parser.set_defaults(run=run)
    parser.add_argument("name", metavar="NAME", help="mnist, fashion-mnist or cifar10")
    folder = "folder of data sets (NEUROAP_DATA, or the user's cache)"
    parser.add_argument("--folder", type=Path, help=folder)


def run(args: argparse.Namespace) -> int:
    """Download what is missing, and print the folder where the data set is."""
    print(load("neuroap.data").fetch(args.name, args.folder))
    return 0
