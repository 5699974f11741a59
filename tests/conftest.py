"""Settings for all tests: one BLAS thread (two are slower on a shared machine), no display."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")
