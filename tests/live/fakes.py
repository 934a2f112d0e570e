"""What stands in for a recogniser in a stream."""

from types import SimpleNamespace

from fer.results import Reader


class StreamFake:
    """The parts of ``EmotionRecognizer`` around ``read``."""

    threshold = 0.0
    detector = None
    classifier = SimpleNamespace(reader=Reader())

    def for_stream(self, settings: object) -> "StreamFake":
        return self
