"""Brian2 is set up as for the tests of `brian/`."""

from brian.conftest import _quick_brian  # noqa: F401
