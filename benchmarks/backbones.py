"""Every backbone of ``transfer:``, built without weights: its size against the published one.

Run by hand (``python -m benchmarks.backbones``): the deep ones take seconds each, too long for a
test. Exit code 1 if a size differs. Sizes without the top: keras.io/api/applications and the papers
named in ``fer.architectures.transfer``.
"""

from __future__ import annotations

import sys
import time

from fer.architectures import build
from fer.architectures.complexity import multiply_adds
from fer.architectures.transfer import BACKBONES, PREFIX

PUBLISHED: dict[str, int] = {
    "efficientnetb0": 4_049_571,
    "efficientnetb3": 10_783_535,
    "efficientnetb5": 28_513_527,
    "efficientnetb7": 64_097_687,
    "inceptionv3": 21_802_784,
    "inceptionresnetv2": 54_336_736,
    "vgg16": 14_714_688,
    "vgg19": 20_024_384,
    "resnet50v2": 23_564_800,
    "resnet101v2": 42_626_560,
    "resnet152v2": 58_331_648,
}


def main() -> int:
    """Print a row for each; returns how many differ from their published size."""
    differing = 0
    print(f"{'backbone':20}{'parameters':>14}{'with head':>14}{'M mult-adds':>14}{'s':>8}")
    for name in BACKBONES:
        started = time.perf_counter()
        model = build(f"{PREFIX}{name}", weights="none", image_size=96)
        found = model.get_layer("backbone").count_params()
        same = found == PUBLISHED[name]
        differing += not same
        print(
            f"{name:20}{found:>14,}{model.count_params():>14,}"
            f"{multiply_adds(model) / 1e6:>14,.0f}{time.perf_counter() - started:>8.1f}"
            f"{'' if same else f'  differs from {PUBLISHED[name]:,}'}",
            flush=True,
        )
        del model
    return differing


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
