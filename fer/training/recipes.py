"""The recipes that the networks of this project are trained with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from fer.training.config import AugmentationConfig, Cycle, TrainingConfig
from fer.training.dlib_start import DLIB

_MILD = AugmentationConfig(
    rotation_degrees=8.0,
    scale=(0.92, 1.1),
    shift=0.06,
    gamma=0.2,
    low_resolution=0.15,
    erase=0.15,
    erase_area=0.12,
)
_FAIR = AugmentationConfig(
    rotation_degrees=9.0,
    scale=(0.91, 1.12),
    shift=0.06,
    gamma=0.2,
    low_resolution=0.15,
    erase=0.2,
    erase_area=0.15,
)
_HARSH = AugmentationConfig(erase=0.35)

RECIPES: dict[str, TrainingConfig] = {
    # Small pictures first make an epoch up to three times cheaper on a CPU.
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
    # The network of dlib's face recognition, which learns from three others.
    "dlib27": TrainingConfig(
        architecture="dlib27",
        epochs=14,
        learning_rate=0.015,
        warmup_epochs=0.5,
        label_smoothing=0.0,
        vote_smoothing=0.0,
        seed=6,
        augmentation=replace(_HARSH, mixup=0.3),
        teacher_weight=0.7,
        teachers=("xs", "s-2", "d-1"),
        views=6,
        start="d-3",
    ),
    # The shipped model: the same on larger faces, which learns from five others.
    "dlib27-144": TrainingConfig(
        architecture="dlib27-144",
        epochs=34,
        learning_rate=0.03,
        warmup_epochs=1.0,
        sizes=((0.5, 48), (0.5, 48)),
        label_smoothing=0.0,
        vote_smoothing=0.0,
        seed=17,
        augmentation=AugmentationConfig(
            rotation_degrees=15.0,
            scale=(0.86, 1.22),
            gamma=0.4,
            low_resolution=0.3,
            erase=0.35,
            erase_area=0.25,
            smallest=0.3,
            blur=2.0,
            jpeg=0.1,
            mixup=0.3,
        ),
        closing_augmentation=replace(_HARSH, mixup=0.3),
        teacher_weight=0.8,
        teachers=("xs", "s-2", "d-2", "d-5", "d-9"),
        views=5,
        start="d-9",
    ),
}
"""Architecture -> the recipe that it is trained with when none is given."""

LINEAGES: dict[str, Mapping[str, TrainingConfig]] = {
    "dlib27": {
        "xs": RECIPES["xs"],
        # Both later ones end with labels alone: what softens the targets makes networks alike.
        "s-2": TrainingConfig(
            architecture="s",
            epochs=22,
            learning_rate=0.06,
            warmup_epochs=1.0,
            sizes=((0.6, 40), (0.4, 48)),
            augmentation=AugmentationConfig(erase=0.3),
            closing_augmentation=_MILD,
            teacher_weight=0.4,
            start="xs",
            restarts=(
                Cycle(
                    epochs=62,
                    learning_rate=0.07,
                    sizes=((0.55, 40), (0.45, 48)),
                    augmentation=_HARSH,
                    closing_augmentation=_MILD,
                    teacher_weight=0.4,
                    closing_labels=True,
                ),
            ),
        ),
        "d-0": TrainingConfig(
            architecture="dlib27",
            epochs=20,
            learning_rate=0.02,
            warmup_epochs=1.0,
            sizes=((0.6, 48), (0.4, 48)),
            dropout=0.4,
            seed=2,
            augmentation=_HARSH,
            closing_augmentation=_FAIR,
            start=DLIB,
        ),
        "d-1": TrainingConfig(
            architecture="dlib27",
            epochs=21,
            learning_rate=0.035,
            warmup_epochs=0.5,
            sizes=((0.55, 48), (0.45, 48)),
            vote_smoothing=0.0,
            dropout=0.4,
            seed=5,
            augmentation=AugmentationConfig(
                rotation_degrees=12.0,
                scale=(0.88, 1.17),
                low_resolution=0.15,
                erase=0.3,
                erase_area=0.15,
            ),
            closing_augmentation=replace(_MILD, low_resolution=0.12, erase=0.12),
            start="d-0",
        ),
        "d-2": TrainingConfig(
            architecture="dlib27",
            epochs=72,
            learning_rate=0.04,
            warmup_epochs=1.0,
            sizes=((0.55, 48), (0.45, 48)),
            vote_smoothing=0.0,
            seed=6,
            augmentation=_HARSH,
            closing_augmentation=_FAIR,
            teacher_weight=0.75,
            teachers=("xs", "s-2", "d-1"),
            views=6,
            start="d-1",
        ),
        # For webcams: faces of 12 pixels, half hidden, turned by 18 degrees, over another one.
        "d-3": TrainingConfig(
            architecture="dlib27",
            epochs=40,
            learning_rate=0.025,
            warmup_epochs=1.0,
            sizes=((0.55, 48), (0.45, 48)),
            label_smoothing=0.0,
            vote_smoothing=0.0,
            seed=7,
            augmentation=AugmentationConfig(
                rotation_degrees=18.0,
                scale=(0.82, 1.25),
                shift=0.1,
                gamma=0.7,
                low_resolution=0.35,
                erase=0.4,
                erase_area=0.4,
                smallest=0.25,
                blur=2.5,
                jpeg=0.2,
            ),
            closing_augmentation=AugmentationConfig(
                rotation_degrees=12.0,
                scale=(0.88, 1.17),
                shift=0.08,
                gamma=0.4,
                low_resolution=0.25,
                erase=0.25,
                erase_area=0.3,
                smallest=0.25,
                blur=2.2,
                jpeg=0.15,
                mixup=0.5,
            ),
            teacher_weight=0.7,
            teachers=("xs", "s-2", "d-1", "d-2"),
            views=5,
            start="d-2",
        ),
    },
}
"""Architecture -> name and recipe of the networks that come before it, trained first."""

LINEAGES["dlib27-144"] = {
    **LINEAGES["dlib27"],
    "d-5": RECIPES["dlib27"],
    "d-4": TrainingConfig(
        architecture="dlib27",
        epochs=36,
        learning_rate=0.03,
        warmup_epochs=1.0,
        sizes=((0.6, 48), (0.4, 48)),
        vote_smoothing=0.0,
        dropout=0.4,
        seed=11,
        augmentation=replace(_HARSH, mixup=0.5),
        closing_augmentation=replace(_FAIR, mixup=0.3),
        start=DLIB,
    ),
    "d-8": replace(
        RECIPES["dlib27"],
        architecture="dlib27-144",
        restarts=(
            Cycle(
                epochs=8,
                learning_rate=0.015,
                warmup_epochs=0.5,
                augmentation=replace(_HARSH, mixup=0.3),
                teacher_weight=0.7,
                sharpness=0.1,
                teachers=("s-2", "d-2", "d-4"),
                views=4,
            ),
        ),
    ),
    "d-9": replace(
        RECIPES["dlib27-144"],
        epochs=44,
        seed=13,
        teachers=("xs", "s-2", "d-2", "d-5", "d-8"),
        start="d-8",
    ),
}
