"""Brian2 without its habit of calling every uncaught error a bug of Brian2, with debug files for a report.

Imported before anything else of Brian2; a program that imported Brian2 itself keeps what it chose.
"""

import sys

hook = sys.excepthook
import brian2  # noqa: E402, F401

sys.excepthook = hook
