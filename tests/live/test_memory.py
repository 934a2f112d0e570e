import sys
from pathlib import Path

import pytest

from fer.live.memory import give_back, give_back_soon, share_heaps


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.skipif(sys.platform != "linux", reason="glibc only")
def test_free_memory_between_used_pieces_goes_back() -> None:
    share_heaps()
    pieces = [bytes([1]) * 60_000 for _ in range(1500)]
    kept = pieces[::100]
    del pieces
    before = resident()
    give_back()
    assert resident() < before - 30 * 2**20
    assert len(kept) == 15


def test_it_happens_on_a_thread_that_ends() -> None:
    thread = give_back_soon(0.0)
    assert thread.daemon
    thread.join(10)
    assert not thread.is_alive()
