"""neuroap doctor: what is installed, what is missing, and what for."""

from __future__ import annotations

import argparse
import dataclasses
from typing import Any

from neuroap.commands import load
from neuroap.commands.outputs import print_json

EXAMPLE = "exit status 0: networks can run on this computer (device 'runtime')"


def add(subparsers: Any) -> None:
    """Declare the command and its options."""
    parser = subparsers.add_parser("doctor", help="check what is installed", epilog=EXAMPLE)
    parser.set_defaults(run=run)
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(args: argparse.Namespace) -> int:
    """Print one line per check; 1 if something that every network needs is missing."""
    findings = load("neuroap.doctor").examine()
    missing = [f.name for f in findings if f.essential and not f.ok]
    if args.json:
        checks = [dataclasses.asdict(f) for f in findings]
        print_json({"runtime_works": not missing, "checks": checks})
    else:
        width = max(len(f.name) for f in findings)
        for finding in findings:
            print(f"{finding.name:<{width}}  {finding}")
        verdict = f"cannot work: {', '.join(missing)} missing" if missing else "can work"
        print(f"\nThe device 'runtime' {verdict}.")
    return 1 if missing else 0
