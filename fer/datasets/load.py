"""One way in for every data set: a CSV file, or a folder in one of the known layouts."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fer.datasets.base import SPLITS, FaceDataset, Progress
from fer.datasets.cache import read_cached
from fer.datasets.fer2013 import read_fer2013
from fer.datasets.ferplus import read_ferplus
from fer.datasets.folders import read_folders
from fer.datasets.label_map import PLAIN, LabelMap
from fer.datasets.layouts import layout_of
from fer.datasets.location import data_in
from fer.errors import DatasetError


def _attach_votes(dataset: FaceDataset, path: Path) -> FaceDataset:
    votes, split_codes = read_ferplus(path)
    voted = dataset.with_votes(votes)
    if split_codes is None:
        return voted
    if len(split_codes) != len(voted) and dataset.rows is not None:
        split_codes = split_codes[dataset.rows - 1]
    # Votes belong to rows by their order alone, and a shuffled file has the right length too.
    names = np.asarray(dataset.split_names)[dataset.splits]
    differs = (split_codes >= 0) & (np.asarray(SPLITS)[split_codes] != names)
    if differs.any():
        row = int(np.flatnonzero(differs)[0])
        raise DatasetError(
            f"{path.name}: expected the rows of {dataset.source} in the same order, got "
            f"{SPLITS[split_codes[row]]} where image {row + 1:,} is {names[row]}; use the "
            "fer2013.csv and fer2013new.csv of the original order"
        )
    return voted


def open_dataset(
    path: str | Path,
    *,
    ferplus: str | Path | None = None,
    labels: LabelMap | None = None,
    skip_bad: bool = False,
    progress: Progress | None = None,
    use_cache: bool = True,
    most_rows: int | None = None,
) -> FaceDataset:
    """Open a data set of faces, whatever its layout.

    Args:
        path: ``fer2013.csv`` or ``.csv.gz``, a folder that holds one, a tree of class folders, or
            the folder of CK+, RAF-DB or AffectNet as it is distributed.
        ferplus: ``fer2013new.csv`` in the row order of the CSV, to attach its votes.
        labels: What the class names or numbers of a folder mean, where they are not the usual.
        skip_bad: Count bad rows or files and go on, instead of raising at the first.
        progress: Called with the share read so far.
        use_cache: Map the arrays that an earlier call parsed from the same CSV.
        most_rows: Without the cache, refuse a CSV that has more.

    Raises:
        DatasetError: If there is no data set, it is damaged, or the votes do not belong to it.
    """
    path = Path(path).expanduser()
    if not path.exists():
        raise DatasetError(
            f"{path}: expected a FER-2013 file or a folder of class folders, found nothing; check "
            "the path"
        )
    if path.is_dir():
        inside = data_in(path)
        if inside is None or inside == path:
            if ferplus is not None:
                raise DatasetError(
                    f"{path}: expected fer2013.csv, whose row order FER+ votes follow, got class "
                    "folders; leave the votes out or use the CSV"
                )
            layout = layout_of(path)
            if layout is not None:
                return layout.read(path, words=labels, skip_bad=skip_bad, progress=progress)
            return read_folders(path, words=labels or PLAIN, skip_bad=skip_bad, progress=progress)
        path = inside
    if use_cache:
        dataset = read_cached(path, skip_bad=skip_bad, progress=progress)
    else:
        dataset = read_fer2013(path, skip_bad=skip_bad, progress=progress, most_rows=most_rows)
    return dataset if ferplus is None else _attach_votes(dataset, Path(ferplus).expanduser())
