"""What a reader does about a file that it cannot use."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from fer.errors import DatasetError


@dataclass(slots=True)
class Faults:
    """Raises at the first fault, or counts them when the caller wants to go on.

    Attributes:
        root: The data set's folder; messages name files below it.
        skip_bad: Whether to count and go on.
        count: Files and folders left out so far.
        notes: Names of files that are no pictures.
    """

    root: Path
    skip_bad: bool
    count: int = 0
    notes: list[str] = field(default_factory=list)

    def add(self, path: Path, fault: str, remedy: str) -> None:
        """Report one unusable file or folder.

        Raises:
            DatasetError: Unless bad ones are to be skipped.
        """
        if not self.skip_bad:
            name = path.relative_to(self.root)
            raise DatasetError(
                f"{self.root.name}/{name.as_posix()}: {fault}; {remedy}, or skip bad files with "
                "--skip-bad"
            )
        self.count += 1
