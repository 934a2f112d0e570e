"""What one worker does with a unit: its rows as a Parquet file, whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from fer.export.schema import SourceResult, to_frame
from fer.files import replace_file, write_faults
from fer.media.job import AnalysisJob, Settings, scratch_folder
from fer.media.units import Unit
from fer.recognition.recognizer import EmotionRecognizer

DIGEST = "digest"


@dataclass(frozen=True, slots=True)
class WorkSettings:
    """What every worker needs to know.

    Attributes:
        parts: Folder of the parts; every machine must see it under this path.
        model: Name of the model, or None for the shipped one.
        labels: A label set, or None for what people see.
        detector: Name of the detector.
        job: Of the pictures and videos.
    """

    parts: Path
    model: str | None = None
    labels: str | None = None
    detector: str = "blazeface"
    job: Settings = field(default_factory=Settings)


class UnitWorker:
    """Holds the model and does units, one after the other.

    Args:
        settings: The same for all workers of a job.
    """

    def __init__(self, settings: WorkSettings) -> None:
        self._settings = settings
        self._recognizer = EmotionRecognizer.load(
            settings.model, labels=settings.labels, detector=settings.detector
        )

    def work(self, unit: Unit) -> None:
        """Analyse a unit and write its part.

        Raises:
            InputError: If the part cannot be written.
        """
        folder = scratch_folder()
        try:
            # Which picture came first is known only when all units are done.
            settings = replace(self._settings.job, workers=1, name_duplicates=False)
            job = AnalysisJob(unit.read(), folder, recognizer=self._recognizer, settings=settings)
            for _finished in job.run():
                pass
            frame = pd.concat(list(self._frames(job)), ignore_index=True)
            target = self._settings.parts / f"{unit.name}.parquet"
            with write_faults(target):
                replace_file(target, frame.to_parquet(index=False))
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _frames(self, job: AnalysisJob) -> Iterator[pd.DataFrame]:
        (example,) = job.rows_of([SourceResult("")])
        yield to_frame([example]).iloc[:0].assign(**{DIGEST: pd.Series(dtype="string")})
        for digest, rows in job.digest_blocks():
            if rows:
                frame = to_frame(rows)
                frame[DIGEST] = pd.Series([digest] * len(frame), dtype="string")
                yield frame


def finish(parts: list[Path], target: Path) -> dict[str, int]:
    """Name the duplicates over all parts, and write the final parts, one at a time.

    Args:
        parts: As ``UnitWorker`` wrote them, in order.
        target: Folder of the result; made here, under its name only when everything is there.

    Returns:
        How many rows have each status.

    Raises:
        InputError: If it cannot be written.
    """
    first: dict[bytes, str] = {}
    counts: dict[str, int] = {}
    partial = target.with_name(f".{target.name}.partial")
    with write_faults(target):
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        for number, part in enumerate(parts):
            frame = pd.read_parquet(part)
            _name_duplicates(frame, first)
            frame.drop(columns=DIGEST).to_parquet(
                partial / f"part-{number:06}.parquet", index=False
            )
            for status, count in frame["status"].value_counts().items():
                counts[str(status)] = counts.get(str(status), 0) + int(count)
        os.replace(partial, target)
    return counts


def _name_duplicates(frame: pd.DataFrame, first: dict[bytes, str]) -> None:
    pictures = frame[frame[DIGEST].fillna("") != ""]
    for (digest, source), rows in pictures.groupby([DIGEST, "source"], sort=False):
        known = first.setdefault(bytes.fromhex(str(digest)), str(source))
        if known != source:
            notes = frame.loc[rows.index, "note"]
            named = f"same bytes as {known}"
            frame.loc[rows.index, "note"] = [f"{one}; {named}" if one else named for one in notes]
