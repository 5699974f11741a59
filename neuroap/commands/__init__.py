"""The commands: one light module each, and the one place that loads what they need to work."""

from __future__ import annotations

import importlib
import logging
import signal
import sys
from pathlib import Path
from typing import Any

# True where the process runs one command and nothing else: Brian2's habits may then be changed for good.
own_process = False


def load(name: str) -> Any:
    """Import a module when a command needs it: Brian2 and its like take seconds, ``--help`` must not.

    Parameters
    ----------
    name : str
        For example ``"neuroap.verify"``.
    """
    handler = signal.getsignal(signal.SIGINT)
    try:
        return importlib.import_module(name)
    finally:
        if own_process and "brian2" in sys.modules:
            _calm(sys.modules["brian2"])
            # Brian2's own calls the one before, which fails where that is to ignore: in the background of a script.
            signal.signal(signal.SIGINT, handler)


def _calm(brian2: Any) -> None:
    """Take back what importing Brian2 does to a process: debug files, error text of its own, a late Ctrl-C."""
    sys.excepthook = sys.__excepthook__
    brian2.prefs.core.stop_on_keyboard_interrupt = False
    logger = brian2.BrianLogger
    if logger.file_handler is not None:
        logging.getLogger("brian2").removeHandler(logger.file_handler)
        logger.file_handler.close()
        logger.file_handler = None
    for name in ("tmp_log", "tmp_script"):
        if getattr(logger, name) is not None:
            Path(getattr(logger, name)).unlink(missing_ok=True)
            setattr(logger, name, None)
