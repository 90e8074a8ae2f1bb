"""A model folder: weights, settings, vocabularies and a manifest that vouches for them. The archive.

``save`` writes a folder that is whole or not there, ``load`` refuses one that was cut short or altered, ``newest``
finds what a run can go on from. ``write_beside`` does for one file what ``save`` does for a folder, and ``RunLock``
keeps two processes out of one run.
"""

from heedful.checkpoint.checkpoint import Checkpoint, LengthModel, TrainingState
from heedful.checkpoint.formats import JSON
from heedful.checkpoint.loading import load, newest
from heedful.checkpoint.lock import RunLock
from heedful.checkpoint.saving import save
from heedful.checkpoint.writing import write_beside

__all__ = [
    "JSON",
    "Checkpoint",
    "LengthModel",
    "RunLock",
    "TrainingState",
    "load",
    "newest",
    "save",
    "write_beside",
]
