import io
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PilImage

from fer.decoding import Cancelled, Decoders, Job, Session
from fer.decoding.child import Child
from fer.errors import MediaError
from fer.media import decoded
from fer.media.decoded import decode
from fer.media.sources import Source
from fer.pictures.reading import decode_image, encode_png
from tests.waiting import wait_until

PNG = encode_png(np.arange(48, dtype=np.uint8).reshape(4, 4, 3))


def job(name: str, **limits: Any) -> Job:
    return Job(f"tests.decoding_jobs:{name}", "a thing", "try another", **limits)


@pytest.fixture
def one() -> Iterator[Decoders]:
    """A line for one, with its process at work already: it begins slowly."""
    with closing(Decoders(1)) as decoders:
        list(decoders.work(job("images"), "a", Session(), sides=[]))
        yield decoders


def only(decoders: Decoders) -> Child:
    (process,) = decoders._idle
    return process


def gif(count: int) -> bytes:
    buffer = io.BytesIO()
    images = [PilImage.new("L", (8, 8), 30 * number) for number in range(count)]
    images[0].save(buffer, "GIF", save_all=True, append_images=images[1:], duration=100)
    return buffer.getvalue()


def test_a_picture_comes_out_as_in_this_process(
    astronaut_bgr: np.ndarray, tmp_path: Path, one: Decoders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoded, "decoders", one)
    buffer = io.BytesIO()
    PilImage.fromarray(astronaut_bgr).save(buffer, "JPEG")
    path = tmp_path / "a picture"
    for data in (PNG, buffer.getvalue(), buffer.getvalue()[:-2], gif(2)):
        path.write_bytes(data)
        here = decode_image(data, "日\udcff")
        digests = set()
        for source in (Source("日\udcff", data=data), Source("日\udcff", path=path)):
            digest, (apart,) = decode(source, Session())
            digests.add(digest)
            assert np.array_equal(apart.image_bgr, here.image_bgr)
            assert (apart.notes, apart.fault) == (here.notes, here.fault)
        assert len(digests) == 1
    _digest, frames = decode(Source("many", data=gif(3)), Session(), every_frame=True)
    assert [(frame.frame, frame.time_s) for frame in frames] == [(1, 0), (2, 0.1), (3, 0.2)]
    _digest, pictures = decode(Source("b.jpg", data=b"text"), Session())
    with pytest.raises(MediaError, match=r"b\.jpg: expected a JPEG, .* got text"):
        list(pictures)


def test_a_refusal_is_the_same_and_the_process_goes_on(one: Decoders) -> None:
    process = only(one)
    with pytest.raises(MediaError, match="it: expected a thing, got none"):
        list(one.work(job("refuse"), "it", Session()))
    assert only(one) is process


@pytest.mark.parametrize("ahead", [1, 3])
def test_images_come_in_order_whatever_their_size(one: Decoders, ahead: int) -> None:
    sides = [4, 4, 4, 4, 90, 3, 90, 200, 2, 1]
    found = list(one.work(job("images", ahead=ahead), "a", Session(), sides=sides))
    assert [facts["number"] for facts, _image in found] == list(range(len(sides)))
    for (facts, image), side in zip(found, sides, strict=True):
        assert image is not None and image.shape == (side, side, 3)
        assert (image == facts["number"]).all()


@pytest.mark.parametrize(
    ("kind", "limits", "said"),
    [
        ("hang", {"deadline_s": 0.3}, r"a thing that is read within 0\.3 s, got one that takes"),
        ("eat", {"memory_bytes": 2**26}, "a thing that fits into memory"),
        ("fill", {"output_bytes": 2**20}, "expected room for what is read, got: File too large"),
    ],
)
def test_what_takes_too_much_is_refused_and_the_next_is_read(
    one: Decoders, kind: str, limits: dict[str, Any], said: str, tmp_path: Path
) -> None:
    more = {"path": str(tmp_path / "large")} if kind == "fill" else {}
    with pytest.raises(MediaError, match=f"^it: expected.*{said}|^it: {said}"):
        list(one.work(job(kind, **limits), "it", Session(), **more))
    assert len(list(one.work(job("images"), "a", Session(), sides=[4]))) == 1


def test_what_moves_may_take_longer_than_what_stands_still(one: Decoders) -> None:
    long = job("wait", deadline_s=5.0, step_s=10.0)
    assert len(list(one.work(long, "it", Session(), times=8, seconds=1.0))) == 8
    with pytest.raises(MediaError, match=r"that goes on within 1 s, at 2 a second"):
        list(one.work(job("hang", deadline_s=1.0, step_s=0.5), "it", Session(), first=5))


@pytest.mark.parametrize("kind", ["hang", "spin"])
def test_a_cancel_ends_the_process(one: Decoders, kind: str) -> None:
    process = only(one)
    with pytest.raises(Cancelled):
        list(one.work(job(kind), "it", Session(lambda: True)))
    assert not process.alive and not one._idle


def test_who_does_not_take_the_rest_ends_the_process(one: Decoders) -> None:
    process = only(one)
    answers = one.work(job("spin"), "it", Session())
    next(answers)
    answers.close()
    assert not process.alive and not process._pump.is_alive()


def test_a_process_that_is_ended_from_outside_is_a_refusal(one: Decoders) -> None:
    process = only(one)
    answers = one.work(job("hang"), "it", Session(), first=1)
    next(answers)
    process._process.kill()
    with pytest.raises(MediaError, match="it: expected a thing that can be read"):
        list(answers)


def test_sessions_take_turns_however_much_one_hands_in(one: Decoders) -> None:
    mine, theirs = Session(), Session()
    order: list[Session] = []

    def ask(session: Session) -> None:
        list(one.work(job("images"), "a", session, sides=[4]))
        order.append(session)

    held = one.work(job("images"), "many", Session(), sides=[4, 4])
    next(held)
    threads = [threading.Thread(target=ask, args=(s,)) for s in (mine, mine, mine, theirs)]
    for count, thread in enumerate(threads, start=1):
        thread.start()
        wait_until(lambda count=count: one._waiting.total() == count)  # type: ignore[misc]
    list(held)
    for thread in threads:
        thread.join()
    assert order.index(theirs) <= 1


def test_what_is_handed_in_is_bounded_over_all_sessions() -> None:
    with closing(Decoders(2)) as two:
        held = [two.work(job("images"), "many", Session(), sides=[4, 4]) for _ in range(2)]
        for images in held:
            next(images)
        ask = job("images")
        waiting = threading.Thread(target=lambda: list(two.work(ask, "a", Session(), sides=[])))
        waiting.start()
        wait_until(lambda: two._waiting.total() == 1)
        assert two._busy == 2
        for images in held:
            list(images)
        waiting.join()
