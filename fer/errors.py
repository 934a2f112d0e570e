"""The exceptions that ``fer`` raises on purpose.

Each message is one line saying what was expected, what came, and what to do about it::

    FerError
    |-- InputError      an argument, a frame or a path that cannot be used
    |   `-- MediaError  a picture or video that cannot be decoded or exceeds a limit
    |-- DatasetError    a data set that is missing, incomplete or damaged
    |-- ModelError      a model folder that is missing, incomplete or damaged
    `-- TrainingError   a run that cannot start, resume or save
"""

from __future__ import annotations


class FerError(Exception):
    """Base of every error that ``fer`` raises on purpose; safe to show to a user."""


class InputError(FerError, ValueError):
    """An argument, a frame or a path that cannot be used."""


class MediaError(InputError):
    """A picture or video that cannot be decoded, or that exceeds a limit."""


class DatasetError(FerError):
    """A data set that is missing, incomplete or damaged."""


class ModelError(FerError):
    """A model folder that is missing, incomplete or damaged."""


class TrainingError(FerError):
    """A training run that cannot start, resume or save."""
