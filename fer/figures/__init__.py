"""Plotly figures from plain tables; no Streamlit, no data access."""

from fer.figures.batch import emotion_counts_figure
from fer.figures.comparison import OWN, frontier_figure, ranking_figure
from fer.figures.data import (
    agreement_figure,
    class_distribution_figure,
    embedding_figure,
    explained_variance_figure,
    pixel_figure,
    quality_figure,
    split_difference_figure,
)
from fer.figures.errors import (
    abstention_figure,
    confusion_figure,
    per_class_figure,
    recall_figure,
    reliability_figure,
    robustness_figure,
)
from fer.figures.training import curves_figure

__all__ = [
    "OWN",
    "abstention_figure",
    "agreement_figure",
    "class_distribution_figure",
    "confusion_figure",
    "curves_figure",
    "embedding_figure",
    "emotion_counts_figure",
    "explained_variance_figure",
    "frontier_figure",
    "per_class_figure",
    "pixel_figure",
    "quality_figure",
    "ranking_figure",
    "recall_figure",
    "reliability_figure",
    "robustness_figure",
    "split_difference_figure",
]
