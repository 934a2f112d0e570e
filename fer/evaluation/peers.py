"""Published figures of others, each with its source and how far it is to be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files

TRUST = ("measured", "published", "stated", "not comparable", "not credible")
"""Measured by this project; in a paper; said by its author or users; of another split or choice of
epoch; contradicted by reported leaks or bugs."""


@dataclass(frozen=True, slots=True)
class Peer:
    """One figure of another project, as the columns of ``peers.csv`` stand.

    Attributes:
        labels: ``"perceived"``, ``"fer2013"`` or ``"ferplus"``.
        macro_recall: Mean recall of the classes, NaN where it is not known.
        neutral: Share of neutral faces called neutral, NaN where it is not known.
        n: Pictures that it was measured on, NaN where it was not said.
        parameters: Of the network, NaN where it was not said.
        milliseconds: Per face on one thread, NaN where it was not measured.
    """

    name: str
    labels: str
    accuracy: float
    macro_recall: float
    neutral: float
    n: float
    parameters: float
    milliseconds: float
    trust: str
    protocol: str
    source: str


def peers(labels: str) -> list[Peer]:
    """The figures for one label set, in the order of the file ``peers.csv``."""
    import pandas as pd

    with files("fer.evaluation").joinpath("peers.csv").open(encoding="utf-8") as file:
        table = pd.read_csv(file)
    return [Peer(*row) for row in table[table["labels"] == labels].itertuples(index=False)]
