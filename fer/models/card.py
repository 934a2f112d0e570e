"""The card of a published model: what it is, what it learned from, and what was measured."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from fer.labels import OWN, OWN_NAME

Share = Annotated[float, Field(ge=0, le=1)]
ClassName = Annotated[str, Field(pattern=f"^{OWN_NAME}$")]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class InputSpec(_Frozen):
    """One face of ``size`` x ``size`` pixels."""

    size: int = Field(gt=0)
    channels: int = Field(gt=0)
    dtype: Literal["uint8"]


class Abstention(_Frozen):
    """When a head answers "unsure", chosen on ``split``.

    Attributes:
        coverage: Share of the faces that were answered there.
        accuracy: Share of the answers that was right; None when nothing was answered.
        protocol: Which labels of the split count as right.
    """

    threshold: float = Field(ge=0)
    coverage: Share
    accuracy: Share | None
    target: Share
    protocol: str
    n: int = Field(ge=0)
    split: str


class PerceivedRecord(_Frozen):
    """How both heads are joined into what people see, inside the file.

    ``softmax((share * z_fer2013 + (1 - share) * z_ferplus - prior_power * log(prior)) /
    temperature)`` of the heads' logits ``z``, those of FER+ in FER-2013's order without contempt.

    Attributes:
        share: Weight of FER-2013's head; below 0 what search words add is taken out of the votes'.
        prior: The FER+ head's mean answer, in FER-2013's order.
        split: Where it was chosen, by the votes as distributions.
        n: Faces with votes there.
        loss: Mean loss of these votes before the temperature was lowered, in nats.
        loss_held_out: The same under choices that did not see them, of five folds.
    """

    share: float
    prior_power: float
    prior: tuple[Share, ...]
    temperature: float = Field(gt=0)
    split: str
    n: int = Field(gt=0)
    loss: float
    loss_held_out: float


SEEN_PROTOCOL = "majority of 7"
"""What most of ten FER+ voters see, of FER-2013's seven classes; contempt is left out."""


class Metric(_Frozen):
    """One figure with everything that it needs to mean something.

    Attributes:
        name: What was measured, for example "accuracy" or "ece".
        protocol: Which rows of the split, and what counts as right: "all", "without copies",
            "majority of 7", "votes", "majority", "argmax".
    """

    name: str
    value: float
    head: str
    split: str
    protocol: str
    n: int = Field(gt=0)
    low: float | None = None
    high: float | None = None


class AffectRecord(_Frozen):
    """What the head for valence and arousal gives, on data that it was not fitted to.

    Attributes:
        sha256: Digest of ``affect.npz``.
        split: Split that the figures are from; None when the data had no other than Training.
    """

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    source: str
    faces: int = Field(gt=0)
    split: str | None = None
    n: int = Field(default=0, ge=0)
    valence_ccc: float | None = None
    arousal_ccc: float | None = None


class ModelCard(_Frozen):
    """Everything that is known about a published model; written by ``fer.training.publish``.

    Attributes:
        labels: Head -> class names in the order of its output.
        sha256: Digest of ``model.tflite``, 64 hexadecimal digits.
        parameters: Parameters, BN statistics included.
        multiply_adds: Multiplications of one forward pass.
        temperature: Head -> temperature inside the file.
        exponent: Head -> exponent of a logit's distance from the best one, where it is not 1.
        perceived: How both heads are joined; None where the file has no such output.
        training_minutes: Time of all epochs.
        training_minutes_before: Time of the networks that it started from and that taught it.
        weights: "raw" or "ema", with the origin of the BN statistics.
        created: Time of publication, ISO 8601 in UTC.
        affect: The head for valence and arousal in ``affect.npz``, when the model has one.
    """

    name: str
    version: str
    architecture: str
    labels: dict[str, tuple[ClassName, ...]]
    input: InputSpec
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    parameters: int = Field(gt=0)
    multiply_adds: int = Field(gt=0)
    file_bytes: int = Field(gt=0)
    precision: str
    temperature: dict[str, Annotated[float, Field(gt=0)]]
    exponent: dict[str, Annotated[float, Field(gt=0)]] = Field(default_factory=dict)
    perceived: PerceivedRecord | None = None
    abstain: dict[str, Abstention]
    data: str
    licence: str
    recipe: dict[str, Any]
    seed: int
    training_minutes: float = Field(ge=0)
    training_minutes_before: float = Field(default=0, ge=0)
    epochs: int = Field(ge=0)
    weights: str
    metrics: tuple[Metric, ...]
    created: str
    affect: AffectRecord | None = None

    @property
    def main(self) -> str:
        """The head that answers in the labels of the training data: "fer2013" or "own"."""
        return OWN if OWN in self.labels else "fer2013"

    @property
    def thresholds(self) -> dict[str, float]:
        """Label set -> confidence below which it is "unsure"."""
        return {name: one.threshold for name, one in self.abstain.items()}

    def metric(
        self,
        name: str,
        *,
        head: str | None = None,
        split: str = "PrivateTest",
        protocol: str = "all",
    ) -> Metric | None:
        """The figure of that name, head (default ``main``), split and protocol, if it was taken."""
        wanted = (name, head or self.main, split, protocol)
        for one in self.metrics:
            if (one.name, one.head, one.split, one.protocol) == wanted:
                return one
        return None
