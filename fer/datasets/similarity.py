"""Near copies: pictures that differ by compression, brightness or a small retouch."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

_HASH_SIDE = 8
_DCT_SIDE = 32
_CHUNK = 2048
# Of the pixels, from which on two pictures are near copies.
_LEAST_CORRELATION = 0.97
_AREA = cv2.INTER_AREA


def _low_frequencies(side: int) -> npt.NDArray[np.float32]:
    """Matrix ``(8, side)``: shrinks a line of pixels to 32 and takes frequencies 1 to 8 of it.

    Both steps are linear, so that one product does for many pictures what OpenCV does for one.
    """
    shrink = cv2.resize(np.eye(side, dtype=np.float32), (side, _DCT_SIDE), None, 0, 0, _AREA)
    # Frequency 0 holds the mean brightness of lines, which a change of light moves.
    cosines = cv2.dct(np.eye(_DCT_SIDE, dtype=np.float32), flags=cv2.DCT_ROWS).T
    return np.asarray(cosines[1 : _HASH_SIDE + 1] @ shrink, np.float32)


def perceptual_hashes(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint64]:
    """The DCT hash of each picture: the signs of its lowest frequencies about their median.

    Zauner 2010, "Implementation and benchmarking of perceptual image hash functions", section 3.2.

    Args:
        images: ``(n, h, w)`` uint8.

    Returns:
        ``(n,)`` uint64; near copies differ in few bits.
    """
    weights = np.uint64(1) << np.arange(_HASH_SIDE * _HASH_SIDE, dtype=np.uint64)
    down, across = (_low_frequencies(side) for side in images.shape[1:])
    hashes = np.zeros(len(images), np.uint64)
    for start in range(0, len(images), _CHUNK):
        part = slice(start, start + _CHUNK)
        low = (down @ images[part].astype(np.float32) @ across.T).reshape(-1, weights.size)
        above = low > np.median(low, axis=1, keepdims=True)
        hashes[part] = (above * weights).sum(axis=1, dtype=np.uint64)
    return hashes


def near_pairs(hashes: npt.NDArray[np.uint64], most_bits: int = 3) -> npt.NDArray[np.intp]:
    """Pairs ``(p, 2)`` of hashes that differ in at most ``most_bits`` bits, ``i < j``.

    Two hashes that differ in fewer bits than there are chunks share a whole chunk (Norouzi et al.
    2012, "Fast search in Hamming space with multi-index hashing"), so that only hashes with an
    equal chunk are compared.
    """
    chunks = most_bits + 1
    edges = np.linspace(0, 64, chunks + 1).astype(int)
    found = [np.empty((0, 2), np.intp)]
    for low, high in pairwise(edges):
        part = (hashes >> np.uint64(low)) & np.uint64((1 << int(high - low)) - 1)
        order = np.argsort(part, kind="stable")
        ordered = part[order]
        # Compare each hash with the next one of its bucket, then with the second next, ...
        for step in range(1, len(hashes)):
            same = np.flatnonzero(ordered[:-step] == ordered[step:])
            if len(same) == 0:
                break
            pairs = np.stack([order[same], order[same + step]], axis=1)
            bits = np.bitwise_count(hashes[pairs[:, 0]] ^ hashes[pairs[:, 1]])
            found.append(np.sort(pairs[bits <= most_bits], axis=1))
    return np.unique(np.concatenate(found), axis=0)


def correlations(
    images: npt.NDArray[np.uint8], pairs: npt.NDArray[np.intp]
) -> npt.NDArray[np.float32]:
    """Pearson correlation ``(p,)`` of the pixels of each pair; 0 where a picture is constant."""
    result = np.zeros(len(pairs), np.float32)
    for start in range(0, len(pairs), _CHUNK):
        one, other = (
            images[pairs[start : start + _CHUNK, side]].reshape(-1, images[0].size)
            for side in (0, 1)
        )
        one = one - one.mean(axis=1, keepdims=True, dtype=np.float32)
        other = other - other.mean(axis=1, keepdims=True, dtype=np.float32)
        norm = np.sqrt((one**2).sum(axis=1) * (other**2).sum(axis=1))
        result[start : start + _CHUNK] = (one * other).sum(axis=1) / np.maximum(norm, 1e-6)
    return result


def near_groups(
    images: npt.NDArray[np.uint8], rows: npt.NDArray[np.intp] | None = None
) -> npt.NDArray[np.intp]:
    """Group number of each picture; near copies of one another share it.

    The hash proposes, the pixels decide: aligned faces look alike to a hash of 64 bits.

    Args:
        images: ``(n, h, w)`` uint8, of one size.
        rows: ``(m,)``, only these pictures, without a copy of them; None for all.

    Returns:
        ``(m,)``, one group number per row.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    rows = np.arange(len(images)) if rows is None else rows
    pairs = near_pairs(perceptual_hashes(images)[rows])
    pairs = pairs[correlations(images, rows[pairs]) >= _LEAST_CORRELATION]
    links = coo_array(
        (np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(len(rows),) * 2
    )
    return np.asarray(connected_components(links, directed=False)[1], np.intp)
