"""Image data sets for classification: load them by name or from a folder, fetch them once."""

from neuroap.data.fetch import fetch
from neuroap.data.images import ImageSet
from neuroap.data.loading import load
from neuroap.data.registry import KNOWN

__all__ = ["KNOWN", "ImageSet", "fetch", "load"]
