"""Sharpness-aware steps: the gradient is taken where the loss nearby is worst.

Foret et al. 2021, *Sharpness-Aware Minimization for Efficiently Improving Generalization*
(arXiv 2010.01412), which found it to be robust to wrong labels; FER-2013 has many. The climb uses
every second picture of the batch, so that a step costs one and a half of the usual ones (Du et al.
2022, arXiv 2110.03141).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from fer.training.batches import Batch

if TYPE_CHECKING:
    import keras


@cache
def _ascent_class() -> type[keras.optimizers.Optimizer]:
    import keras
    from keras import ops

    class Ascent(keras.optimizers.Optimizer):
        """Moves the weights by ``learning_rate`` up the normalised gradient, and can undo it."""

        def __init__(self, radius: float) -> None:
            super().__init__(learning_rate=radius, name="ascent")
            self.offsets: list[Any] = []

        def build(self, variables: list[Any]) -> None:
            if self.built:
                return
            super().build(variables)
            self.offsets = [self.add_variable_from_reference(v, "offset") for v in variables]

        def apply(self, grads: list[Any], trainable_variables: list[Any] | None = None) -> None:
            known = [g for g in grads if g is not None]
            norm = ops.sqrt(sum(ops.sum(ops.square(ops.cast(g, "float32"))) for g in known))
            scale = 1.0 / (norm + 1e-12)
            scaled = [g if g is None else g * ops.cast(scale, g.dtype) for g in grads]
            super().apply(scaled, trainable_variables)

        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            step = gradient * ops.cast(learning_rate, gradient.dtype)
            self.assign(self.offsets[self._get_variable_index(variable)], step)
            self.assign_add(variable, step)

        def undo(self, variables: list[Any]) -> None:
            for variable, offset in zip(variables, self.offsets, strict=True):
                variable.assign(variable - offset)

    return Ascent


class Climber:
    """Takes the weights of a compiled model to the worst place nearby, and back again.

    Args:
        model: The network that is trained; its weights are shared.
        radius: Length of the climb in the space of all weights (rho in the paper).
        ferplus_weight: Weight of the FER+ loss, as in the recipe.
    """

    def __init__(self, model: keras.Model, radius: float, ferplus_weight: float) -> None:
        import keras

        self._twin = keras.Model(model.inputs, model.output)
        self._ascent = _ascent_class()(radius)
        self._twin.compile(
            self._ascent,
            loss={
                head: keras.losses.CategoricalCrossentropy(from_logits=True)
                for head in ("fer2013", "ferplus")
            },
            loss_weights={"fer2013": 1.0, "ferplus": ferplus_weight},
        )
        self._ascent.build(self._twin.trainable_variables)

    def climb(self, batch: Batch) -> None:
        """Add the offset; every second picture of the batch decides its direction."""
        self._twin.train_on_batch(
            batch.pixels[::2],
            {head: values[::2] for head, values in batch.targets.items()},
            sample_weight={head: values[::2] for head, values in batch.weights.items()},
        )

    def return_back(self) -> None:
        """Take the same offset away, after the step."""
        self._ascent.undo(self._twin.trainable_variables)
