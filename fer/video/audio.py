"""The sound of a video, copied where MP4 and browsers know its codec, else encoded as AAC."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
import av.error

from fer.video.container import start_s

# What Chromium and Firefox play inside an MP4.
_COPIED = frozenset({"aac", "mp3", "mp3float", "opus", "libopus", "flac"})
_FAULTS = (av.error.FFmpegError, OSError, ValueError)
_MAX_FAULTS_IN_A_ROW = 100


def audio_packets(source: Any, output: Any) -> Iterator[Any]:
    """Add a sound stream to an output, and give its packets in the order of time.

    The stream is added at once, the packets come as they are asked for. What cannot be read is
    left out. Without sound in the source nothing is added.

    Args:
        source: An open input container, used for nothing else meanwhile.
        output: An output container before its first packet.
    """
    stream = next(iter(source.streams.audio), None)
    if stream is None or stream.codec_context is None:
        return iter(())
    if stream.codec_context.name in _COPIED:
        try:
            return _copied(source, stream, output.add_stream_from_template(stream))
        except _FAULTS:
            return iter(())
    rate = stream.codec_context.sample_rate or 48_000
    target = output.add_stream("aac", rate=rate if rate in (44_100, 48_000) else 48_000)
    target.layout = "mono" if stream.codec_context.channels == 1 else "stereo"
    return _encoded(source, stream, target)


def _demuxed(source: Any, stream: Any) -> Iterator[Any]:
    faults = 0
    packets = source.demux(stream)
    while faults < _MAX_FAULTS_IN_A_ROW:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except _FAULTS:
            faults += 1
            packets = source.demux(stream)
            continue
        faults = 0
        yield packet


def _copied(source: Any, stream: Any, target: Any) -> Iterator[Any]:
    last: int | None = None
    shift = round(start_s(source) / stream.time_base)
    for packet in _demuxed(source, stream):
        # A packet without time, or one that goes back, would end the file.
        if packet.dts is None or packet.is_corrupt or (last is not None and packet.dts <= last):
            continue
        last = packet.dts
        packet.dts -= shift
        packet.pts = None if packet.pts is None else packet.pts - shift
        packet.stream = target
        yield packet


def _encoded(source: Any, stream: Any, target: Any) -> Iterator[Any]:
    context = target.codec_context
    resampler = av.AudioResampler(format="fltp", layout=target.layout, rate=context.sample_rate)
    clock = Fraction(1, context.sample_rate)
    # Counted in samples from the first frame's time: gaps of what cannot be read close up, but
    # times never go back.
    position: int | None = None
    fifo = av.AudioFifo()
    for packet in _demuxed(source, stream):
        try:
            frames = packet.decode()
        except _FAULTS:
            continue
        for frame in frames:
            if position is None:
                position = round(((frame.time or 0.0) - start_s(source)) / clock)
            try:
                resampled = resampler.resample(frame)
            except _FAULTS:
                continue
            for part in resampled:
                part.pts = None
                fifo.write(part)
        size = context.frame_size or 1024
        while position is not None and (block := fifo.read(size)) is not None:
            block.pts, block.time_base = position, clock
            position += block.samples
            yield from target.encode(block)
    if position is not None:
        rest = fifo.read(0, partial=True)
        if rest is not None and rest.samples:
            rest.pts, rest.time_base = position, clock
            yield from target.encode(rest)
        yield from target.encode(None)
