"""What can be asked of a decoder, and how much it may take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from fer.errors import FerError, MediaError

DEADLINE_S = 20.0
MIB = 2**20

Answer: TypeAlias = tuple[dict[str, Any], npt.NDArray[np.uint8] | None]
"""Facts that fit into JSON, and perhaps an image ``(h, w, 3)``."""


@dataclass(frozen=True, slots=True)
class Job:
    """A kind of work.

    Attributes:
        function: ``module:name`` of what does it, in the decoder: takes the bytes that were handed
            in, a ``name`` and other keyword arguments that fit into JSON, and gives answers. Its
            working directory may be another: paths are absolute.
        what: What it reads, for messages: ``a picture``.
        remedy: What to do about one that cannot be read.
        fault: How a refusal is raised.
        deadline_s: Seconds until the last answer.
        step_s: Seconds that every answer adds, up to the deadline: for what may be long as long as
            it moves.
        memory_bytes: What it may take beside what a decoder has at its start.
        output_bytes: The largest file, and all images on the way together.
        ahead: Images on the way at once.
    """

    function: str
    what: str
    remedy: str
    fault: type[FerError] = MediaError
    deadline_s: float = DEADLINE_S
    step_s: float = 0.0
    memory_bytes: int = 768 * MIB
    output_bytes: int = 150_000_000
    ahead: int = 1

    @property
    def in_time(self) -> str:
        """The deadline, for messages."""
        if self.step_s:
            return f"that goes on within {self.deadline_s:g} s, at {1 / self.step_s:g} a second"
        return f"that is read within {self.deadline_s:g} s"
