"""Golden traces of the authors' reference program, read into our own terms."""

from neuroap.traces.archive import TraceSettings
from neuroap.traces.trace import Step, Trace, read_trace

__all__ = ["Step", "Trace", "TraceSettings", "read_trace"]
