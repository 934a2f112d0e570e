"""FER+ votes (Barsoum et al. 2016, arXiv 1608.01041) and the two ways to turn them into labels."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fer.datasets.base import SPLITS, canonical_split
from fer.errors import DatasetError
from fer.labels import FERPLUS, SEVEN_OF_FERPLUS

VOTE_COLUMNS: tuple[str, ...] = (
    "neutral",
    "happiness",
    "surprise",
    "sadness",
    "anger",
    "disgust",
    "fear",
    "contempt",
    "unknown",
    "NF",
)
NOT_A_FACE = VOTE_COLUMNS.index("NF")
EMOTIONS = len(FERPLUS)


def read_ferplus(
    path: str | Path,
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int8] | None]:
    """Read ``fer2013new.csv`` with the split of each row.

    Returns:
        Votes ``(n, 10)`` uint8 in the order of ``VOTE_COLUMNS``, one row per FER-2013 row; and
        ``(n,)`` int8 indices into ``SPLITS`` (-1 where unknown), or None without ``Usage`` column.

    Raises:
        DatasetError: If the file is missing, lacks a column or holds something but votes 0..10.
    """
    import pandas as pd

    path = Path(path)
    try:
        with warnings.catch_warnings():
            # Fields beyond the header are left out, not taken for a column before the first.
            warnings.simplefilter("ignore", pd.errors.ParserWarning)
            table = pd.read_csv(
                path, dtype=str, keep_default_na=False, encoding="utf-8-sig", index_col=False
            ).fillna("")
    except FileNotFoundError:
        raise DatasetError(f"{path}: expected FER+ votes, found no file; check the path") from None
    except (OSError, ValueError) as fault:
        raise DatasetError(
            f"{path.name}: expected a readable FER+ CSV, got: {fault}; use the original "
            "fer2013new.csv"
        ) from None
    table.columns = table.columns.str.strip()
    missing = [name for name in VOTE_COLUMNS if name not in table]
    if missing or table.empty:
        raise DatasetError(
            f"{path.name}: expected rows with the columns {', '.join(VOTE_COLUMNS)}, missing "
            f"{', '.join(missing) or 'rows'}; use the original fer2013new.csv"
        )
    text = table[list(VOTE_COLUMNS)]
    # Up to ten voters.
    good = text.apply(lambda column: column.str.fullmatch(r"\s*0*([0-9]|10)\s*"))
    if not (rows := good.all(axis=1)).all():
        row = int((~rows).to_numpy().argmax())
        raise DatasetError(
            f"{path.name}, row {row + 1}: expected whole votes in 0..10, got "
            f"{', '.join(text.iloc[row])[:80]!r}; repair the row"
        )
    votes = text.to_numpy(np.uint8)
    if "Usage" not in table:
        return votes, None
    codes = {name: code for code, name in enumerate(SPLITS)}
    splits = [codes.get(canonical_split(name) or "", -1) for name in table["Usage"]]
    return votes, np.asarray(splits, np.int8)


def drop_single_votes(votes: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Set votes of one to zero, as the official protocol does, to remove outliers."""
    return np.where(votes > 1, votes, 0).astype(np.uint8)


def majority_labels(votes: npt.NDArray[np.uint8]) -> npt.NDArray[np.int8]:
    """Labels ``(n,)`` of the official "majority" protocol; -1 where an image is left out.

    Single votes are dropped; an image stays when its top class has more than half of the
    remaining votes and is one of the eight emotions. On FER-2013 this keeps
    25,060 / 3,199 / 3,153 images.
    """
    kept = drop_single_votes(votes).astype(np.int64)
    top = kept.argmax(axis=1)
    clear = kept.max(axis=1) * 2 > kept.sum(axis=1)
    return np.where(clear & (top < EMOTIONS), top, -1).astype(np.int8)


def argmax_labels(votes: npt.NDArray[np.uint8]) -> npt.NDArray[np.int8]:
    """Labels ``(n,)`` by the plain largest vote; -1 where that is not one of the emotions.

    An image whose largest vote says "unknown" or "not a face", or that has no vote, is left out;
    of equal votes the first in the order of the file counts. On PrivateTest this keeps 3,546
    images.
    """
    top = votes.argmax(axis=1)
    return np.where((top < EMOTIONS) & votes.any(axis=1), top, -1).astype(np.int8)


def not_a_face(votes: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Mask ``(n,)`` of the rows where more than half of the votes say "not a face"."""
    counts = votes.astype(np.int64)
    return np.asarray(counts[:, NOT_A_FACE] * 2 > counts.sum(axis=1))


def vote_distribution(
    votes: npt.NDArray[np.uint8],
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Soft targets from the votes.

    Returns:
        ``(n, 8)`` float32 shares of the emotion votes (single votes dropped), and ``(n,)``
        float32 weights: 1 where there are such votes, else 0 (the row is then uniform).
    """
    shares, voted = _shares(votes, range(EMOTIONS))
    return shares, voted.astype(np.float32)


def _shares(
    votes: npt.NDArray[np.uint8], columns: Sequence[int]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    kept = drop_single_votes(votes)[:, list(columns)].astype(np.float32)
    total = kept.sum(axis=1, keepdims=True)
    shares = np.where(total > 0, kept / np.maximum(total, 1), 1 / len(columns))
    return shares.astype(np.float32), total[:, 0] > 0


def seven_labels(labels: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
    """FER+ labels ``(n,)`` as indices into FER-2013's classes; -1 for contempt and what was -1.

    Of ``majority_labels`` this keeps 3,137 images of PrivateTest.
    """
    places = np.full(EMOTIONS + 1, -1, np.int8)
    places[list(SEVEN_OF_FERPLUS)] = np.arange(len(SEVEN_OF_FERPLUS))
    return np.asarray(places[labels], np.int8)


def seven_shares(
    votes: npt.NDArray[np.uint8],
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """``vote_distribution`` over FER-2013's classes.

    Returns:
        ``(n, 7)`` float32 shares, and a mask ``(n,)`` of the rows that have such votes.
    """
    return _shares(votes, SEVEN_OF_FERPLUS)
