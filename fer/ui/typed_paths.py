"""Paths that a viewer types: who may type them, and where they may lead.

On a server of one's own machine, anywhere; on one that others reach, only under the folders that
its owner names in ``FER_PATHS``. What is missing and what is forbidden get the same answer, so that
nobody learns from it what lies on the server.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import streamlit as st

from fer.errors import InputError
from fer.ui.serve import is_loopback

VARIABLE = "FER_PATHS"
"""Folders under which paths may be typed, separated as in PATH; ``none`` for none at all."""
NOWHERE = "none"

# What a proxy adds: behind one, a request that looks local may come from anywhere.
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
_UNC = re.compile(r"[\\/]{2}")
_WINDOWS_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d|conin\$|conout\$)\s*(\..*)?", re.I)
_SYSTEM = tuple(map(Path, ("/dev", "/proc", "/sys")))


def is_local(address: str | None, headers: Mapping[str, str]) -> bool:
    """Whether a request comes from the server's own machine.

    Args:
        address: What the server listens on; None for every address.
        headers: Of the request; none when no browser is there at all, as in a test of a page.
    """
    if not headers:
        return address is None or is_loopback(address)
    origin = headers.get("origin")
    hosts = [urlsplit(f"//{headers.get('host', '')}").hostname]
    hosts += [urlsplit(origin).hostname] if origin else []
    # The name in the request counts too: a stranger's page can make it lead to this machine.
    return (
        is_loopback(address)
        and all(host is not None and is_loopback(host) for host in hosts)
        and not any(name in headers for name in _FORWARDED)
    )


def roots() -> list[Path] | None:
    """The folders in ``FER_PATHS``, links resolved; None where it is not set."""
    text = os.environ.get(VARIABLE, "").strip()
    if not text:
        return None
    named = [] if text.lower() == NOWHERE else text.split(os.pathsep)
    return [Path(part).expanduser().resolve() for part in named if part.strip()]


def may_type() -> bool:
    """Whether this viewer may type paths at all."""
    named = roots()
    if named is not None:
        return bool(named)
    return is_local(st.get_option("server.address"), st.context.headers)


def typed_path(text: str | Path) -> Path:
    """The regular file or folder that a viewer's path leads to, links resolved.

    Raises:
        InputError: If there is none, or this viewer may not open it; the message is the same.
    """
    found = _resolved(str(text)) if may_type() else None
    named = roots()
    inside = named is None or (
        found is not None and any(found.is_relative_to(root) for root in named)
    )
    if found is None or not inside:
        raise InputError(
            f"{text}: expected a file or folder that this dashboard may open, found none; check "
            "the path"
        )
    return found


def _resolved(text: str) -> Path | None:
    """Where a path leads, or None where that is nothing to read as a file or folder."""
    # Before anything touches it: a name of another machine makes Windows send a password there.
    if _UNC.match(text):
        return None
    try:
        path = Path(text).expanduser().resolve(strict=True)
        readable = path.is_file() or path.is_dir()
    except (OSError, RuntimeError, ValueError):
        return None
    device = os.name == "nt" and any(_WINDOWS_DEVICE.fullmatch(part) for part in path.parts)
    system = any(path.is_relative_to(folder) for folder in _SYSTEM)
    return path if readable and not device and not system else None
