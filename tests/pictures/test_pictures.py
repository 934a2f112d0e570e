import io
import os
import struct
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as PilImage
from pillow_heif import register_heif_opener

from fer.errors import MediaError
from fer.pictures import reading
from fer.pictures.reading import MAX_BYTES, decode_frames, decode_image, encode_png, read_image

RGB = np.array(
    [[[250, 10, 20], [30, 240, 40], [50, 60, 230]], [[0, 0, 0], [128, 128, 128], [255, 255, 255]]],
    np.uint8,
)
BGR = RGB[..., ::-1]


def saved(image: PilImage.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, bits: int, colour: int, raw: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", zlib.compress(raw))
        + png_chunk(b"IEND", b"")
    )


def assert_refused(data: bytes, *parts: str) -> None:
    with pytest.raises(MediaError) as caught:
        decode_image(data, "holiday.jpg")
    message = str(caught.value)
    assert message.startswith("holiday.jpg: expected ")
    assert "got" in message
    assert "\n" not in message
    for part in parts:
        assert part in message


@pytest.mark.parametrize(
    ("kind", "options"),
    [("PNG", {}), ("BMP", {}), ("TIFF", {}), ("WEBP", {"lossless": True}), ("GIF", {})],
)
def test_lossless_formats_keep_every_pixel(kind: str, options: dict[str, object]) -> None:
    picture = decode_image(saved(PilImage.fromarray(RGB), kind, **options))
    assert picture.image_bgr.dtype == np.uint8
    assert picture.image_bgr.flags.c_contiguous
    assert np.array_equal(picture.image_bgr, BGR)
    assert picture.notes == ()


@pytest.mark.parametrize(
    ("mode", "tolerance"), [("L", 0), ("1", 0), ("CMYK", 4), ("YCbCr", 6), ("P", 0)]
)
def test_other_colour_modes_come_out_as_bgr(mode: str, tolerance: int) -> None:
    grey = PilImage.fromarray(np.repeat(np.repeat([[0, 255]], 16, 0), 16, 1).astype(np.uint8))
    kind = "JPEG" if mode in {"CMYK", "YCbCr"} else "PNG"
    image = decode_image(saved(grey.convert(mode), kind)).image_bgr.astype(int)
    assert image.shape == (16, 32, 3)
    assert np.abs(image[:, :14]).max() <= tolerance
    assert np.abs(image[:, 18:] - 255).max() <= tolerance


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_goes_on_white(mode: str) -> None:
    image = PilImage.new("RGBA", (4, 1), (40, 40, 40, 255))
    image.putpixel((1, 0), (40, 40, 40, 0))
    if mode == "P":
        image = PilImage.new("P", (4, 1), 0)
        image.putpalette([40, 40, 40, 10, 10, 10])
        image.putpixel((1, 0), 1)
        data = saved(image, "PNG", transparency=1)
    else:
        data = saved(image.convert(mode), "PNG")
    assert decode_image(data).image_bgr[0].tolist() == [[40] * 3, [255] * 3, [40] * 3, [40] * 3]
    half = PilImage.new("RGBA", (1, 1), (0, 0, 0, 128))
    assert decode_image(saved(half, "PNG")).image_bgr[0, 0].tolist() == [127] * 3


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_are_scaled_to_eight(kind: str) -> None:
    values = np.array([[0, 257, 128 * 257, 40_000, 65_535]], np.uint16)
    picture = decode_image(saved(PilImage.fromarray(values), kind))
    assert picture.image_bgr[0, :, 0].tolist() == [0, 1, 128, 156, 255]


def test_sixteen_bit_colour_is_scaled_to_eight() -> None:
    raw = b"\0" + struct.pack(">6H", 65_535, 0, 257, 0, 32_896, 65_535)
    picture = decode_image(png(2, 1, 16, 2, raw))
    assert picture.image_bgr[0].tolist() == [[1, 0, 255], [255, 128, 0]]


@pytest.mark.parametrize(
    ("kind", "held", "expected", "note"),
    [
        (np.float32, [0, 0.5, 1, np.nan, np.inf], [0, 128, 255, 0, 0], "values 0 to 1 were"),
        (np.float32, [-1, 0, 1, np.nan], [0, 128, 255, 0], "values -1 to 1 were stretched"),
        (np.float32, [0, 51, 255], [0, 51, 255], "real values up to 255 were read as 0..255"),
        (np.float32, [300, 310, 320], [0, 128, 255], "values 300 to 320 were stretched"),
        (np.float32, [np.nan], [0], "values 0 to 0"),
        (np.int32, [0, 100, 255], [0, 100, 255], "values up to 255 were read as 8 bits"),
        (np.int32, [-100, 0, 100], [0, 128, 255], "values -100 to 100 were stretched"),
        (np.int32, [0, 10**6], [0, 255], "values 0 to 1e+06 were stretched"),
        (np.uint16, [0, 512, 1023], [0, 128, 255], "values up to 1,023 were read as 10 bits"),
        (np.uint16, [0, 4095], [0, 255], "values up to 4,095 were read as 12 bits"),
    ],
)
def test_deep_greys_are_scaled_by_what_they_hold_and_said_so(
    kind: type, held: list[float], expected: list[int], note: str
) -> None:
    picture = decode_image(saved(PilImage.fromarray(np.array([held], kind)), "TIFF"))
    assert picture.image_bgr[0, :, 0].tolist() == expected
    assert picture.notes[0].startswith(note)


def test_ten_bits_of_colour_in_a_file_of_sixteen_are_not_black() -> None:
    values = np.array([[[1023, 0, 512], [0, 1023, 0]]], np.uint16)
    raw = b"\0" + values.astype(">u2").tobytes()
    picture = decode_image(png(2, 1, 16, 2, raw))
    assert picture.image_bgr[0].tolist() == [[128, 0, 255], [0, 255, 0]]
    assert picture.notes == ("values up to 1,023 were read as 10 bits",)


UPRIGHT: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
    8: lambda a: np.rot90(a),
}


@pytest.mark.parametrize("orientation", [*UPRIGHT, 0, 9, 65_535])
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_every_exif_orientation_is_turned_upright_and_others_ignored(
    kind: str, orientation: int
) -> None:
    exif = PilImage.Exif()
    exif[0x0112] = orientation
    picture = decode_image(saved(PilImage.fromarray(RGB), kind, exif=exif))
    assert np.array_equal(picture.image_bgr, UPRIGHT.get(orientation, UPRIGHT[1])(BGR))
    assert bool(picture.notes) == (2 <= orientation <= 8)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "TIFF", "PNG"])
def test_the_first_frame_of_many_is_read_and_said_so(kind: str) -> None:
    first, second = PilImage.new("RGB", (8, 8), "red"), PilImage.new("RGB", (8, 8), "blue")
    options = {"lossless": True} if kind == "WEBP" else {}
    data = saved(first, kind, save_all=True, append_images=[second], **options)
    picture = decode_image(data)
    assert picture.image_bgr[0, 0].tolist() == [0, 0, 255]
    assert picture.notes == ("holds more frames or pages; the first was read",)


@pytest.mark.parametrize(
    ("data", "parts"),
    [
        (b"", ["got an empty file (0 bytes)"]),
        (b"Dear diary, today I took no picture.\n" * 20, ["JPEG, PNG", "got text"]),
        # It would need another program.
        (
            b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n",
            ["JPEG, PNG", "got a PostScript document"],
        ),
        (bytes(MAX_BYTES + 1), ["at most 64 MiB", "got 64.0 MiB"]),
    ],
    ids=["empty", "text", "PostScript", "too large"],
)
def test_what_is_no_picture_is_refused(data: bytes, parts: list[str]) -> None:
    assert_refused(data, *parts)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "TIFF", "PNG"])
def test_every_frame_is_read_with_its_number_and_time(kind: str) -> None:
    colours = [(0, 0, 255), (255, 0, 0), (0, 255, 0)]
    images = [PilImage.new("RGB", (8, 8), colour[::-1]) for colour in colours]
    options = {"lossless": True} if kind == "WEBP" else {}
    data = saved(images[0], kind, save_all=True, append_images=images[1:], duration=250, **options)
    found = list(decode_frames(data, "many"))
    assert [tuple(picture.image_bgr[0, 0].tolist()) for picture in found] == colours
    assert [picture.frame for picture in found] == [1, 2, 3]
    times = [None] * 3 if kind == "TIFF" else [0, 0.25, 0.5]
    assert [picture.time_s for picture in found] == times


def test_a_single_picture_is_one_frame_without_a_number() -> None:
    (picture,) = decode_frames(encode_png(BGR))
    assert (picture.frame, picture.time_s) == (0, None)


def test_pages_of_other_sizes_and_a_damaged_one_are_told_apart() -> None:
    data = saved(
        PilImage.new("L", (8, 4), 50),
        "TIFF",
        save_all=True,
        append_images=[PilImage.new("L", (3, 9))],
    )
    assert [p.image_bgr.shape[:2] for p in decode_frames(data)] == [(4, 8), (9, 3)]
    frames = decode_frames(data[: data.rindex(b"\0\1")], "scan.tif")
    assert next(frames).frame == 1
    with pytest.raises(MediaError, match=r"scan\.tif: expected a whole picture"):
        list(frames)


def test_frames_are_read_up_to_the_limit_and_never_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_FRAMES", 2)
    images = [PilImage.new("L", (4, 4), 40 * number) for number in range(4)]
    frames = decode_frames(saved(images[0], "GIF", save_all=True, append_images=images[1:]))
    assert [next(frames).frame, next(frames).frame] == [1, 2]
    with pytest.raises(MediaError, match="expected at most 2 frames or pages, got more"):
        next(frames)


@pytest.mark.parametrize("kept", [0.5, 0.9, 2])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_that_lacks_its_end_is_read_and_said_so(
    astronaut_bgr: np.ndarray, kept: float, progressive: bool
) -> None:
    image = PilImage.fromarray(astronaut_bgr[..., ::-1])
    data = saved(image, "JPEG", quality=90, progressive=progressive)
    part = data[:-2] if kept == 2 else data[: int(len(data) * kept)]
    picture = decode_image(part, "cut.jpg")
    assert picture.fault.startswith("cut.jpg: expected a whole JPEG, got one that lacks its end")
    difference = picture.image_bgr.astype(int) - decode_image(data).image_bgr
    assert np.abs(difference[: int(512 * 0.4)]).mean() < 12
    assert not decode_image(data).fault


@pytest.mark.parametrize("kind", ["PNG", "GIF", "BMP", "TIFF", "WEBP"])
@pytest.mark.parametrize("kept", [0.05, 0.5, 0.9])
def test_truncated_files_are_refused(kind: str, kept: float) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    data = saved(PilImage.fromarray(noise), kind)
    assert_refused(data[: int(len(data) * kept)])


def peak_memory() -> int:
    resource = pytest.importorskip("resource", reason="Windows counts otherwise")
    unit = 1 if sys.platform == "darwin" else 1024
    return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)


@pytest.mark.parametrize(
    ("width", "height", "got"),
    [(50_000, 50_000, "2,500 megapixels"), (13_000, 10_000, "13,000 x 10,000 (130 megapixels)")],
)
def test_a_picture_of_enormous_size_is_refused_before_it_is_unpacked(
    width: int, height: int, got: str
) -> None:
    data = png(width, height, 8, 2, bytes(1000))
    assert len(data) < 200
    before = peak_memory()
    assert_refused(data, "at most 120 megapixels", got)
    assert peak_memory() - before < 20 * 2**20


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("mode", ["L", "1", "I;16"])
def test_a_picture_larger_than_is_searched_is_read_smaller_and_said_so(
    kind: str, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind == "JPEG" and mode != "L":
        return
    monkeypatch.setattr(reading, "MAX_PIXELS", 100 * 60)
    values = np.zeros((120, 200), np.uint8)
    values[:, 100:] = 255
    image = PilImage.fromarray(values.astype(np.uint16) * 257 if mode == "I;16" else values)
    exif = PilImage.Exif()
    exif[0x0112] = 6
    picture = decode_image(saved(image.convert(mode) if mode == "1" else image, kind, exif=exif))
    # Turned by a quarter: the bright half is below.
    assert picture.image_bgr.shape == (100, 60, 3)
    assert picture.image_bgr[:48].max() < 20 and picture.image_bgr[52:].min() > 235
    assert picture.notes[-1] == (
        "read at 60 x 100 of 200 x 120 pixels; boxes are in the pixels read"
    )


def test_a_hundred_megapixels_are_read() -> None:
    picture = decode_image(saved(PilImage.new("L", (10_000, 10_000), 77), "PNG"))
    assert picture.image_bgr.shape == (5000, 5000, 3)
    assert (picture.image_bgr[::500] == 77).all()


@pytest.mark.parametrize("size", [(1, 1), (1, 3), (20_000, 1)])
def test_the_smallest_pictures_are_read(size: tuple[int, int]) -> None:
    picture = decode_image(saved(PilImage.new("RGB", size, "red"), "PNG"))
    assert picture.image_bgr.shape == (size[1], size[0], 3)


def small(kind: str) -> bytes:
    image = PilImage.fromarray(
        np.arange(16 * 16 * 3, dtype=np.int64).astype(np.uint8).reshape(16, 16, 3)
    )
    exif = PilImage.Exif()
    exif[0x0112] = 6
    return saved(image, kind, **({"exif": exif} if kind not in {"GIF", "BMP"} else {}))


WHOLE = [small(kind) for kind in ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP")]


@given(
    st.sampled_from(WHOLE),
    st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=8),
    st.floats(0.2, 1),
    st.binary(max_size=8),
)
def test_damaged_bytes_give_a_picture_or_a_media_error(
    whole: bytes, changes: list[tuple[float, int]], kept: float, tail: bytes
) -> None:
    data = bytearray(whole)
    for place, value in changes:
        data[int(place * len(data))] = value
    damaged = bytes(data[: max(1, int(kept * len(data)))]) + tail
    try:
        picture = decode_image(damaged, "x.png")
    except MediaError as fault:
        assert str(fault).startswith("x.png: expected ")
        assert "\n" not in str(fault)
    else:
        assert picture.image_bgr.dtype == np.uint8
        assert picture.image_bgr.ndim == 3


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(MediaError):
        decode_image(data)


def test_read_image_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "one.png"
    path.write_bytes(encode_png(BGR))
    picture = read_image(path)
    assert picture.name == "one.png"
    assert np.array_equal(picture.image_bgr, BGR)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"gone\.png: expected a readable file, got: No such file"):
        read_image(tmp_path / "gone.png")
    with pytest.raises(MediaError, match="expected a readable file, got: Is a directory"):
        read_image(tmp_path)


def test_a_file_beyond_the_limit_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.png"
    with path.open("wb") as file:
        file.truncate(10 * 2**30)
    with pytest.raises(MediaError, match=r"huge\.png: expected at most 64 MiB, got 10240\.0 MiB"):
        read_image(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="devices and pipes of POSIX")
def test_a_device_and_a_pipe_without_a_writer_are_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"zero: expected a readable file, got: a device"):
        read_image("/dev/zero")
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(MediaError, match="expected a readable file, got: a pipe"):
        read_image(tmp_path / "pipe.jpg")


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "I;16"])
def test_plain_maps_of_pixels_are_read(mode: str) -> None:
    values = np.array([[0, 255], [255, 0]], np.uint8)
    image = PilImage.fromarray(values.astype(np.uint16) * 257 if mode == "I;16" else values)
    picture = decode_image(saved(image if mode == "I;16" else image.convert(mode), "PPM"))
    assert np.array_equal(picture.image_bgr[..., 0], values)


@pytest.mark.parametrize(("kind", "tolerance"), [("JPEG", 2.5), ("AVIF", 6), ("HEIF", 6)])
def test_formats_of_cameras_and_phones_keep_the_picture(
    astronaut_bgr: np.ndarray, kind: str, tolerance: float
) -> None:
    register_heif_opener()
    part = astronaut_bgr[60:188, 160:288]
    data = saved(PilImage.fromarray(part[..., ::-1]), kind, quality=95)
    difference = decode_image(data, "phone.heic").image_bgr.astype(int) - part
    assert np.abs(difference).mean() < tolerance


def test_a_damaged_heic_is_refused(astronaut_bgr: np.ndarray) -> None:
    register_heif_opener()
    data = saved(PilImage.fromarray(astronaut_bgr[:64, :64]), "HEIF")
    assert_refused(data[: len(data) // 2])


def test_a_file_that_changes_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "growing.png"
    path.write_bytes(encode_png(BGR))
    whole = os.fstat
    calls = []

    def grown(descriptor: int) -> os.stat_result:
        # Between the two looks at it, somebody else writes on.
        if calls:
            with path.open("ab") as file:
                file.write(b"more")
        calls.append(descriptor)
        return whole(descriptor)

    monkeypatch.setattr(os, "fstat", grown)
    with pytest.raises(MediaError, match=r"growing\.png: expected a file at rest, got one that"):
        read_image(path)
