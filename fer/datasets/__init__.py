"""Data sets of labelled faces: where they are, readers, cache, splits, statistics.

Importing this package costs little: pandas and Pillow are imported by the functions that need them.
"""

from fer.datasets.base import IMAGE_SIZE, SPLITS, FaceDataset, Progress, canonical_split
from fer.datasets.cache import cache_directory, read_cached
from fer.datasets.fer2013 import read_fer2013
from fer.datasets.ferplus import (
    argmax_labels,
    majority_labels,
    not_a_face,
    read_ferplus,
    vote_distribution,
)
from fer.datasets.folders import read_folders
from fer.datasets.load import open_dataset
from fer.datasets.location import find_data, find_ferplus
from fer.datasets.protocol import image_digests, training_rows, unseen_rows
from fer.datasets.statistics import (
    class_distribution,
    ferplus_distribution,
    imbalance_ratio,
    sample_indices,
    summary,
)

__all__ = [
    "IMAGE_SIZE",
    "SPLITS",
    "FaceDataset",
    "Progress",
    "argmax_labels",
    "cache_directory",
    "canonical_split",
    "class_distribution",
    "ferplus_distribution",
    "find_data",
    "find_ferplus",
    "image_digests",
    "imbalance_ratio",
    "majority_labels",
    "not_a_face",
    "open_dataset",
    "read_cached",
    "read_fer2013",
    "read_ferplus",
    "read_folders",
    "sample_indices",
    "summary",
    "training_rows",
    "unseen_rows",
    "vote_distribution",
]
