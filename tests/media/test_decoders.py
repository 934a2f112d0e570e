import io
import threading
import time
from collections.abc import Callable
from contextlib import closing

import numpy as np
import pytest
from PIL import Image as PilImage

from fer.errors import MediaError
from fer.media import decode_image, encode_png
from fer.media import decoders as module
from fer.media.decoders import Cancelled, Decoders, Session


def jpeg_of_many_scans(count: int, side: int = 4000) -> bytes:
    """Some 40 ms a scan."""
    buffer = io.BytesIO()
    PilImage.new("RGB", (side, side)).save(buffer, "JPEG", progressive=True)
    data = buffer.getvalue()
    start = data.rfind(b"\xff\xda")
    return data[:-2] + data[start:-2] * count + data[-2:]


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.005)


def gif(count: int) -> bytes:
    buffer = io.BytesIO()
    images = [PilImage.new("L", (8, 8), 30 * number) for number in range(count)]
    images[0].save(buffer, "GIF", save_all=True, append_images=images[1:], duration=100)
    return buffer.getvalue()


PNG = encode_png(np.arange(48, dtype=np.uint8).reshape(4, 4, 3))


def test_a_picture_comes_out_as_in_this_process(astronaut_bgr: np.ndarray) -> None:
    buffer = io.BytesIO()
    PilImage.fromarray(astronaut_bgr).save(buffer, "JPEG")
    with closing(Decoders(1)) as decoders:
        for data in (PNG, buffer.getvalue(), buffer.getvalue()[:-2], gif(2)):
            (apart,), here = (
                decoders.decode(data, "日\udcff", Session()),
                decode_image(data, "日\udcff"),
            )
            assert np.array_equal(apart.image_bgr, here.image_bgr)
            assert (apart.notes, apart.fault) == (here.notes, here.fault)
        frames = decoders.decode(gif(3), "many", Session(), every_frame=True)
        assert [(frame.frame, frame.time_s) for frame in frames] == [(1, 0), (2, 0.1), (3, 0.2)]


def test_a_refusal_is_the_same_and_the_process_goes_on() -> None:
    with closing(Decoders(1)) as decoders:
        list(decoders.decode(PNG, "a", Session()))
        (process,) = decoders._idle
        with pytest.raises(MediaError, match=r"b\.jpg: expected a JPEG, .* got text"):
            decoders.decode(b"text", "b.jpg", Session())
        assert decoders._idle == [process]


def test_a_jpeg_of_many_scans_is_refused_before_it_is_unpacked() -> None:
    with pytest.raises(MediaError, match="expected a JPEG of at most 100 scans, got more"):
        decode_image(jpeg_of_many_scans(20_000))


def test_what_takes_too_long_is_ended_and_the_next_picture_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with closing(Decoders(1)) as decoders:
        list(decoders.decode(PNG, "a", Session()))
        (process,) = decoders._idle
        monkeypatch.setattr(module, "DEADLINE_S", 0.2)
        with pytest.raises(MediaError, match=r"slow\.jpg: expected .* decoded within"):
            decoders.decode(jpeg_of_many_scans(80), "slow.jpg", Session())
        assert not process.alive and not decoders._idle
        monkeypatch.setattr(module, "DEADLINE_S", 60)
        assert len(list(decoders.decode(PNG, "a", Session()))) == 1


def test_a_cancel_ends_the_process() -> None:
    with closing(Decoders(1)) as decoders:
        list(decoders.decode(PNG, "a", Session()))
        (process,) = decoders._idle
        with pytest.raises(Cancelled):
            decoders.decode(jpeg_of_many_scans(80), "slow.jpg", Session(lambda: True))
        assert not process.alive


def test_a_process_that_is_ended_from_outside_is_a_refusal() -> None:
    with closing(Decoders(1)) as decoders:
        frames = iter(decoders.decode(gif(3), "many.gif", Session(), every_frame=True))
        next(frames)
        for thread in threading.enumerate():
            if thread.name == "fer-decoder":
                thread._target.__self__._process.kill()  # type: ignore[attr-defined]
        with pytest.raises(MediaError, match=r"many\.gif: expected a picture that can be decoded"):
            list(frames)


def test_sessions_take_turns_however_many_pictures_one_has() -> None:
    one, other = Session(), Session()
    order: list[Session] = []

    def ask(session: Session) -> None:
        list(decoders.decode(PNG, "a", session))
        order.append(session)

    with closing(Decoders(1)) as decoders:
        held = iter(decoders.decode(gif(2), "many", Session(), every_frame=True))
        next(held)
        threads = [threading.Thread(target=ask, args=(s,)) for s in (one, one, one, other)]
        for count, thread in enumerate(threads, start=1):
            thread.start()
            wait_for(lambda count=count: decoders._waiting.total() == count)  # type: ignore[misc]
        list(held)
        for thread in threads:
            thread.join()
    assert order.index(other) <= 1


def test_what_is_handed_in_is_bounded_over_all_sessions() -> None:
    with closing(Decoders(2)) as decoders:
        held = [
            iter(decoders.decode(gif(2), "many", Session(), every_frame=True)) for _ in range(2)
        ]
        for frames in held:
            next(frames)
        waiting = threading.Thread(target=lambda: decoders.decode(PNG, "a", Session()))
        waiting.start()
        wait_for(lambda: decoders._waiting.total() == 1)
        assert decoders._busy == 2
        for frames in held:
            list(frames)
        waiting.join()
