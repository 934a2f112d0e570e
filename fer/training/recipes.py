"""The recipes that the networks of this project are trained with."""

from __future__ import annotations

from fer.training.config import AugmentationConfig, Cycle, TrainingConfig

_MILD = AugmentationConfig(
    rotation_degrees=8.0,
    scale=(0.92, 1.1),
    shift=0.06,
    gamma=0.2,
    low_resolution=0.15,
    erase=0.15,
    erase_area=0.12,
)

RECIPES: dict[str, TrainingConfig] = {
    # The shipped model. Small pictures first make an epoch up to three times cheaper on a CPU.
    "xs": TrainingConfig(
        architecture="xs",
        epochs=40,
        sizes=((0.2, 28), (0.5, 36), (0.3, 48)),
        closing_augmentation=_MILD,
        restarts=(
            Cycle(
                epochs=22,
                learning_rate=0.05,
                sizes=((0.64, 40), (0.36, 48)),
                augmentation=AugmentationConfig(
                    rotation_degrees=10.0,
                    scale=(0.9, 1.15),
                    shift=0.07,
                    erase=0.25,
                    erase_area=0.15,
                ),
                closing_augmentation=_MILD,
                teacher_weight=0.3,
            ),
            Cycle(
                epochs=36,
                learning_rate=0.06,
                sizes=((0.6, 40), (0.4, 48)),
                augmentation=AugmentationConfig(erase=0.3),
                closing_augmentation=_MILD,
                teacher_weight=0.4,
            ),
            Cycle(
                epochs=10,
                learning_rate=0.03,
                sizes=((0.4, 40), (0.6, 48)),
                augmentation=AugmentationConfig(erase=0.3),
                closing_augmentation=_MILD,
                teacher_weight=0.4,
                sharpness=0.1,
            ),
        ),
    ),
}
"""Architecture -> the recipe that it is trained with when none is given."""
