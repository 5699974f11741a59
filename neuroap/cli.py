"""The command line: ``neuroap COMMAND``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

import neuroap
from neuroap import commands
from neuroap.commands import benchmark, demo, doctor, fetch, fit, psychometric, regimes, show, sweep, train, verify
from neuroap.errors import NeuroapError

COMMANDS = (demo, train, psychometric, fit, regimes, sweep, show, verify, benchmark, fetch, doctor)
OK, FAILED, INTERRUPTED, BROKEN_PIPE = 0, 1, 130, 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the name of the program. None: those of the process, which is then taken to run
        this command and nothing else.

    Returns
    -------
    int
        0: all well; 1: a check failed, or the command did; 2: wrong usage; 130: interrupted; 141: nobody
        reads the output any more.
    """
    if argv is None:
        commands.own_process = True
        os.environ.setdefault("MPLBACKEND", "Agg")  # no command opens a window
    try:
        code = _run(argv)
        sys.stdout.flush()
        return code
    except NeuroapError as error:
        print(f"neuroap: error: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("neuroap: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Python flushes once more at exit, which would fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE


def _run(argv: Sequence[str] | None) -> int:
    try:
        args = parser().parse_args(argv)
        code: int = args.run(args)
    except SystemExit as end:  # argparse: --help, --version, wrong usage
        return end.code if isinstance(end.code, int) else OK
    return code


def parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    top = argparse.ArgumentParser(
        prog="neuroap",
        description=neuroap.__doc__,
        epilog="neuroap COMMAND --help says more about a command",
    )
    top.add_argument("-V", "--version", action="version", version=f"neuroap {neuroap.__version__}")
    subparsers = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add(subparsers)
    return top


if __name__ == "__main__":
    sys.exit(main())
