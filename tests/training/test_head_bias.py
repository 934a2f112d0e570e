"""Class biases go into the heads of the network itself, so that every file made of it has them."""

from __future__ import annotations

import numpy as np

from fer.training.deployment import HeadTruth, correct_class_bias
from fer.training.run import compile_model, resized
from tests.training.tiny import CONFIG, make_faces


def test_an_accepted_bias_is_in_the_network_and_a_refused_one_is_not() -> None:
    model = compile_model(CONFIG)
    images = make_faces().images
    pixels = resized(images, 48)
    logits = model.predict(pixels, verbose=0)
    rng = np.random.default_rng(0)
    # An untrained network says nothing: a class that is everywhere is a bias to learn ...
    often = np.where(rng.random(len(images)) < 0.9, 3, rng.integers(0, 7, len(images)))
    often[:35] = np.arange(35) % 7
    truths = {
        "fer2013": HeadTruth("all", often.astype(np.int8)),
        # ... and three faces of a class are too few to say anything.
        "ferplus": HeadTruth("argmax", np.where(np.arange(len(images)) < 3, 1, 0).astype(np.int8)),
    }
    corrected, records = correct_class_bias(model, truths, logits)
    assert list(records) == ["fer2013"]
    assert records["fer2013"]["accepted"]
    assert np.argmax(records["fer2013"]["bias"]) == 3
    again = model.predict(pixels, verbose=0)
    for head in truths:
        np.testing.assert_allclose(again[head], corrected[head], atol=1e-4)
    assert (again["ferplus"] == logits["ferplus"]).all()
    assert (again["fer2013"].argmax(1) == 3).mean() > (logits["fer2013"].argmax(1) == 3).mean()
