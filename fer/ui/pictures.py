"""A few faces side by side, each with a caption."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape

import numpy as np
import numpy.typing as npt

from fer.pictures.reading import encode_png
from fer.preprocessing import resize_square

LARGE = 144


def captioned_faces(
    images: npt.NDArray[np.uint8], captions: Sequence[str], colours: Sequence[str] = ()
) -> str:
    """Faces ``(n, h, h)`` uint8 as HTML, each with a caption and a coloured edge; they wrap."""
    figures = []
    for index, (image, caption) in enumerate(zip(images, captions, strict=True)):
        content = base64.b64encode(encode_png(resize_square(np.asarray(image), LARGE))).decode()
        edge = colours[index] if colours else "transparent"
        figures.append(
            '<figure style="margin:0;width:min(118px,30%)">'
            f'<img src="data:image/png;base64,{content}" alt="{escape(caption)}" '
            f'style="width:100%;display:block;border-radius:6px;border-bottom:4px solid {edge}">'
            f'<figcaption style="font-size:.86rem">{escape(caption)}</figcaption></figure>'
        )
    return f'<div style="display:flex;flex-wrap:wrap;gap:10px">{"".join(figures)}</div>'
