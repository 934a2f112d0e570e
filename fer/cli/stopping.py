"""Ctrl-C: the first ends the work soon and keeps what is done, the second ends the program."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from fer.cli.common import err

# Until then a first Ctrl-C waits for the table.
_PATIENCE_S = 1.7
# A socket that nobody refers to is closed.
_kept: list[socket.socket] = []


@contextmanager
def stop_signal(clean: Callable[[], object]) -> Iterator[threading.Event]:
    """An event that the first Ctrl-C sets; the second ends the program at once.

    So does what is not done soon after the first, even if a library does not return.

    Args:
        clean: Called before the program is ended.
    """
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    # Python runs handlers only between two steps of its main thread; a byte comes at once.
    heard, said = socket.socketpair()
    said.setblocking(False)
    threading.Thread(target=_listen, args=(heard, stop, clean), daemon=True).start()
    before = signal.signal(signal.SIGINT, lambda _number, _frame: None)
    before_fd = signal.set_wakeup_fd(said.fileno(), warn_on_full_buffer=False)
    try:
        yield stop
    finally:
        # Once stopping, listen on: the end of the program may take long too.
        if stop.is_set():
            _kept.append(said)
        else:
            signal.set_wakeup_fd(before_fd)
            signal.signal(signal.SIGINT, before)
            said.close()


def _listen(heard: socket.socket, stop: threading.Event, clean: Callable[[], object]) -> None:
    """Wait for a Ctrl-C, then for a second one or the end of patience."""
    while (number := heard.recv(1)) and number[0] != signal.SIGINT:
        pass
    if not number:
        heard.close()
        return
    stop.set()
    err.print("Stopping; what is done is kept. Once more to stop at once.", markup=False)
    heard.settimeout(_PATIENCE_S)
    with suppress(TimeoutError):
        heard.recv(1)
    with suppress(Exception):
        err.show_cursor(True)
        clean()
    os._exit(130)
