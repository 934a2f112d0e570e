"""How well valence and arousal are predicted: agreement, error and sign."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.floating[Any]]

DIMENSIONS = ("valence", "arousal")


def concordance(truth: Values, predicted: Values) -> float:
    """Concordance correlation coefficient (Lin 1989, Biometrics 45) of ``(n,)`` values.

    ``2 cov / (var + var + (mean - mean)^2)``: 1 where both are equal, below the correlation where
    scale or mean differ. 0 where both are constant and unequal, 1 where constant and equal.
    """
    truth, predicted = np.asarray(truth, np.float64), np.asarray(predicted, np.float64)
    shared = np.mean((truth - truth.mean()) * (predicted - predicted.mean()))
    spread = truth.var() + predicted.var() + (truth.mean() - predicted.mean()) ** 2
    return float(2 * shared / spread) if spread > 0 else 1.0


def rmse(truth: Values, predicted: Values) -> float:
    """Root of the mean squared error of ``(n,)`` values."""
    difference = np.asarray(truth, np.float64) - np.asarray(predicted, np.float64)
    return float(np.sqrt(np.mean(difference**2)))


def sign_agreement(truth: Values, predicted: Values) -> float:
    """Share of ``(n,)`` values with the right sign (SAGR, Nicolaou et al. 2011); 0 has its own."""
    return float(np.mean(np.sign(truth) == np.sign(predicted)))


def measure_affect(truth: Values, predicted: Values) -> dict[str, Any]:
    """Every figure for valence and arousal ``(n, 2)`` in -1..1; rows with NaN are left out.

    Returns:
        ``n``, and for "valence" and "arousal" ``ccc``, ``rmse`` and ``sign_agreement``.
    """
    known = np.isfinite(truth).all(axis=1)
    report: dict[str, Any] = {"n": int(known.sum())}
    for column, name in enumerate(DIMENSIONS):
        pair = truth[known, column], predicted[known, column]
        report[name] = {
            "ccc": concordance(*pair),
            "rmse": rmse(*pair),
            "sign_agreement": sign_agreement(*pair),
        }
    return report
