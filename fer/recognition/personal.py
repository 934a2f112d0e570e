"""A personal model: one person's expressions, learned from a few snapshots of each.

Multinomial logistic regression on the network's embedding, with the general model as its prior:
the logits are ``a * log(general) + W (x - mean) / scale + b``, and the penalty pulls ``W`` and
``b`` to 0 and ``a`` to 1. With few samples it stays the general model; what they agree on moves
it. Ten samples of seven classes are fitted in a fraction of a second; no framework is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from fer.errors import InputError
from fer.recognition.classifier import EmotionClassifier
from fer.results import Reader

Floats = npt.NDArray[np.float32]

FEWEST, MOST = 5, 20
"""Snapshots of an emotion that are asked for, and that are taken at most."""

PENALTY = 0.03
"""Of squared weights, per sample; fixed, so that cross-validation chooses nothing."""

_BIAS_PENALTY = 1e-3
_TRUST_PENALTY = 0.05
_FOLDS = 5


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Snapshots, as numbers of the network; no pictures.

    Attributes:
        embeddings: ``(n, c)`` float32, the last feature map averaged over its positions.
        general: ``(n, k)`` float32 probabilities of the general model.
        labels: ``(n,)`` index of the class that was shown.
        takes: ``(n,)`` number of the take; snapshots of one take resemble each other.
    """

    embeddings: Floats
    general: Floats
    labels: npt.NDArray[np.intp]
    takes: npt.NDArray[np.intp]

    def rows(self, chosen: npt.NDArray[Any]) -> Samples:
        """These rows only."""
        return Samples(*(values[chosen] for values in self._all()))

    def _all(self) -> tuple[npt.NDArray[Any], ...]:
        return self.embeddings, self.general, self.labels, self.takes


@dataclass(frozen=True, slots=True, eq=False)
class PersonalModel:
    """A fitted personal model.

    Attributes:
        labels: All classes of the head, in its order.
        taught: Indices of the classes that it was taught.
        counts: Samples of each taught class.
        mean: ``(c,)`` float32 mean embedding of the samples.
        scale: What embeddings are divided by.
        weights: ``(c, t)`` float32.
        bias: ``(t,)`` float32.
        trust: Weight of the general model's logits.
        own_accuracy: Share of the samples read rightly in cross-validation.
        general_accuracy: Share that the general model reads rightly.
    """

    labels: tuple[str, ...]
    taught: tuple[int, ...]
    counts: tuple[int, ...]
    mean: Floats
    scale: float
    weights: Floats
    bias: Floats
    trust: float
    own_accuracy: float = 0.0
    general_accuracy: float = 0.0

    def refine(self, embeddings: Floats, general: Floats) -> Floats:
        """Probabilities ``(n, k)`` float32 of the personal model.

        Classes that were not taught keep their probability; the rest is divided anew among those
        that were.
        """
        taught = list(self.taught)
        logits = self.trust * _log(general[:, taught]) + self.bias
        logits = logits + (embeddings - self.mean) / self.scale @ self.weights
        refined = general.copy()
        refined[:, taught] = _softmax(logits) * general[:, taught].sum(axis=1, keepdims=True)
        return refined


def _log(probabilities: Floats) -> Floats:
    return np.log(np.clip(probabilities, 1e-4, 1.0))


def _softmax(logits: npt.NDArray[Any]) -> npt.NDArray[Any]:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: npt.NDArray[Any] = powers / powers.sum(axis=1, keepdims=True)
    return shares


def _fit(samples: Samples, labels: Sequence[str]) -> PersonalModel:
    # Imported when somebody teaches a model: a stream does without these 35 MB.
    from scipy.optimize import minimize
    from scipy.special import log_softmax, softmax

    taught, target = np.unique(samples.labels, return_inverse=True)
    classes, (count, size) = len(taught), samples.embeddings.shape
    mean = samples.embeddings.mean(axis=0)
    spread = float(samples.embeddings.std(axis=0).mean())
    scale = max(spread, 1e-6) * float(np.sqrt(size))
    x = ((samples.embeddings - mean) / scale).astype(np.float64)
    prior = _log(samples.general[:, taught]).astype(np.float64)
    truth = np.eye(classes)[target]
    # Every class counts the same, however many snapshots it has.
    share = (count / classes / truth.sum(axis=0))[target][:, None] / count

    def loss(theta: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        weights, bias = theta[: size * classes].reshape(size, classes), theta[size * classes : -1]
        trust = theta[-1]
        logits = trust * prior + x @ weights + bias
        value = -float((share * truth * log_softmax(logits, axis=1)).sum())
        slope = share * (softmax(logits, axis=1) - truth)
        value += PENALTY * float((weights**2).sum()) / 2
        value += _BIAS_PENALTY * float((bias**2).sum()) / 2 + _TRUST_PENALTY * (trust - 1) ** 2 / 2
        gradient = [
            (x.T @ slope + PENALTY * weights).ravel(),
            slope.sum(axis=0) + _BIAS_PENALTY * bias,
            [float((slope * prior).sum()) + _TRUST_PENALTY * (trust - 1)],
        ]
        return value, np.concatenate(gradient)

    start = np.zeros(size * classes + classes + 1)
    start[-1] = 1.0
    best = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 80}).x
    return PersonalModel(
        labels=tuple(labels),
        taught=tuple(map(int, taught)),
        counts=tuple(int(n) for n in truth.sum(axis=0)),
        mean=mean.astype(np.float32),
        scale=scale,
        weights=best[: size * classes].reshape(size, classes).astype(np.float32),
        bias=best[size * classes : -1].astype(np.float32),
        trust=float(best[-1]),
    )


def _folds(samples: Samples) -> list[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
    """Whole takes are held out where every class has two; else single snapshots."""
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    takes = min(len(np.unique(samples.takes[samples.labels == k])) for k in set(samples.labels))
    if takes >= 2:
        splitter = StratifiedGroupKFold(min(_FOLDS, takes), shuffle=True, random_state=0)
        return list(splitter.split(samples.embeddings, samples.labels, samples.takes))
    return list(
        StratifiedKFold(_FOLDS, shuffle=True, random_state=0).split(
            samples.embeddings, samples.labels
        )
    )


def fit_personal(samples: Samples, labels: Sequence[str]) -> PersonalModel:
    """Fit a personal model, and cross-validate it beside the general one.

    Args:
        samples: At least ``FEWEST`` snapshots of each of two classes or more.
        labels: Classes of the head that ``samples.general`` comes from.

    Raises:
        InputError: If there are too few.
    """
    counts = np.bincount(samples.labels, minlength=len(labels))
    short = [f"{labels[k]} {n}" for k, n in enumerate(counts) if 0 < n < FEWEST]
    if short or (counts > 0).sum() < 2:
        raise InputError(
            f"personal model: expected {FEWEST} snapshots or more of two emotions or more, got "
            f"{', '.join(short) or f'{int((counts > 0).sum())} emotions'}; take more"
        )
    predicted = np.full(len(samples.labels), -1)
    for seen, unseen in _folds(samples):
        part = _fit(samples.rows(seen), labels)
        refined = part.refine(samples.embeddings[unseen], samples.general[unseen])
        predicted[unseen] = refined.argmax(axis=1)
    return replace(
        _fit(samples, labels),
        own_accuracy=float((predicted == samples.labels).mean()),
        general_accuracy=float((samples.general.argmax(axis=1) == samples.labels).mean()),
    )


class PersonalClassifier(EmotionClassifier):
    """A published model whose probabilities a personal model refines.

    Args:
        general: The published model.
        personal: Fitted to its embedding.

    Raises:
        InputError: If the two do not belong together.
    """

    def __init__(self, general: EmotionClassifier, personal: PersonalModel) -> None:
        super().__init__(general.folder, labels=general.head)
        if personal.labels != self.labels:
            raise InputError(
                f"personal model: expected one for {len(self.labels)} classes, got "
                f"{len(personal.labels)}; choose the label set that it was taught with"
            )
        self.personal = personal
        channels = super().predict_heads(np.zeros((1, 48, 48), np.uint8))["features"].shape[-1]
        if channels != len(personal.mean):
            raise InputError(
                f"personal model: expected {channels} features, got {len(personal.mean)}; teach "
                "it again"
            )

    @property
    def reader(self) -> Reader:
        """As that of the published model, refined."""
        return replace(super().reader, model=f"{self.folder.card.name}+personal")

    def predict_heads(self, crops: npt.NDArray[np.uint8]) -> dict[str, Floats]:
        """As ``EmotionClassifier.predict_heads``, with the chosen head refined."""
        heads = super().predict_heads(crops)
        embeddings = heads["features"].mean(axis=(1, 2))
        heads[self.head] = self.personal.refine(embeddings, heads[self.head])
        return heads
