"""A picture that a viewer handed in: before it is read, and after."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image as PilImage

from fer.explanation.activation import ClassActivation, draw_heat_maps
from fer.export.schema import SourceResult
from fer.files import replace_file, write_faults
from fer.media.sources import Source, archive_sources
from fer.overlay import PLAIN, OverlayStyle, annotated, moved
from fer.pictures.content import HEAD_BYTES, Kind, content_of
from fer.pictures.reading import encode_jpeg
from fer.preprocessing import Image
from fer.recognition.recognizer import NOTHING, Reading


@dataclass(frozen=True, slots=True)
class Upload:
    """What a viewer handed in: a picture, or a ZIP of pictures.

    Attributes:
        key: Tells it from the others, also from one of the same name.
        name: File name.
        data: The whole file.
    """

    key: str
    name: str
    data: bytes

    def sources(self, place: Path) -> list[Source]:
        """The pictures in it.

        Args:
            place: Where an archive may lie as long as it is read.

        Raises:
            InputError: If there is no room.
        """
        if content_of(self.data[:HEAD_BYTES])[0] is not Kind.archive:
            return [Source(self.name, data=self.data)]
        with write_faults(place):
            replace_file(place, self.data)
        return archive_sources(self.name, place)


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """A picture that has been read, or could not be.

    Attributes:
        number: Its place in what was handed in, from 1.
        result: Its faces, or a reason.
        picture: A JPEG of its own size with nothing drawn, if it could be read.
        width: Of the picture in pixels.
        digest: Of its bytes, or nothing.
        reading: What the network saw and said of its faces, in every label set, without features.
    """

    number: int
    result: SourceResult
    picture: Path | None = None
    width: int = 0
    digest: str = ""
    reading: Reading = NOTHING
    _shown: dict[int, bytes] = field(default_factory=dict)

    def pixels(self, side: int | None = None) -> Image:
        """The picture ``(h, w, 3)`` BGR uint8, its longer side at most ``side`` pixels.

        Raises:
            FileNotFoundError: If it was taken out meanwhile.
        """
        assert self.picture is not None
        with PilImage.open(self.picture) as image:
            if side is not None:
                # JPEG can be decoded at a fraction of its size, which takes a fraction of the time.
                image.draft("RGB", (side, side))
                image.thumbnail((side, side))
            return np.ascontiguousarray(np.asarray(image.convert("RGB"))[..., ::-1])

    def drawn(
        self,
        side: int | None = None,
        style: OverlayStyle = PLAIN,
        explainer: ClassActivation | None = None,
    ) -> bytes:
        """The picture with its faces as a JPEG.

        Args:
            side: Limit of its longer side before it is drawn on; None for its own size.
            style: What is drawn besides box and label.
            explainer: Draws what speaks for each face's most probable label.

        Raises:
            FileNotFoundError: If it was taken out meanwhile.
        """
        picture = self.pixels(side)
        factor = picture.shape[1] / self.width
        faces = [moved(face, factor) for face in self.result.faces]
        if explainer is not None:
            maps = explainer.explain_crops(self.reading.crops[: len(faces)], faces)
            picture = draw_heat_maps(picture, maps)
        return encode_jpeg(annotated(picture, faces, style))

    def thumbnail(self, side: int) -> bytes:
        """``drawn`` at a size, made once."""
        if side not in self._shown:
            self._shown[side] = self.drawn(side)
        return self._shown[side]
