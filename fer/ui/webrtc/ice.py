"""How browser and server find each other: ICE servers, and TURN passwords that expire.

On one machine or one network none is needed, and nothing outside is contacted. Behind firewalls a
TURN server relays the stream (RFC 8656). A secret shared with it gives passwords that expire, by
the convention that coturn calls ``use-auth-secret`` ("A REST API For Access To TURN Services",
draft-uberti-behave-turn-rest-00), so that no lasting password reaches a browser.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fer.errors import InputError

SERVERS_VARIABLE = "FER_ICE_SERVERS"
RELAY_VARIABLE = "FER_ICE_RELAY_ONLY"

_URL = re.compile(
    r"(?:stuns?:[^?:\s]+(?::\d+)?|turns?:[^?:\s]+(?::\d+)?(?:\?transport=(?:udp|tcp))?)"
)
_FIELDS = ("urls", "username", "credential", "secret", "lifetime_s")
_LIFETIME_S = 24 * 3600.0
_SHORTEST_S = 60.0
_USER = "fer"
_YES = ("1", "true", "yes", "on")


@dataclass(frozen=True, slots=True)
class IceServer:
    """A STUN or TURN server.

    Attributes:
        urls: Such as ``turn:turn.example.org:3478?transport=tcp``.
        username: User of a TURN server.
        credential: That user's password.
        secret: Instead of both: the secret shared with the TURN server, never shown to a browser.
        lifetime_s: For how long a password made from the secret is good.
    """

    urls: tuple[str, ...]
    username: str = ""
    credential: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    lifetime_s: float = _LIFETIME_S

    @property
    def relays(self) -> bool:
        """Whether it is a TURN server."""
        return any(url.startswith("turn") for url in self.urls)

    def configuration(self, now_s: float) -> dict[str, object]:
        """What a browser's ``RTCPeerConnection`` takes.

        The same for half the lifetime of a password, so that a page that runs again and again does
        not hand out a new one each time.

        Args:
            now_s: Seconds since 1970.
        """
        entry: dict[str, object] = {"urls": list(self.urls)}
        if self.secret:
            step = self.lifetime_s / 2
            expires = (math.floor(now_s / step) + 2) * step
            name, password = turn_rest_credentials(self.secret, expires)
            return entry | {"username": name, "credential": password}
        if self.username:
            return entry | {"username": self.username, "credential": self.credential}
        return entry


@dataclass(frozen=True, slots=True)
class IceSettings:
    """All servers.

    Attributes:
        servers: In the order of preference; empty on one machine or one network.
        relay_only: The browser may use the TURN server only; tells whether it works.
    """

    servers: tuple[IceServer, ...] = ()
    relay_only: bool = False

    @property
    def has_relay(self) -> bool:
        """Whether a TURN server is among them."""
        return any(server.relays for server in self.servers)

    def configuration(self, now_s: float) -> dict[str, object]:
        """The ``RTCConfiguration`` for the browser; see ``IceServer.configuration``."""
        entries = [server.configuration(now_s) for server in self.servers]
        policy = {"iceTransportPolicy": "relay"} if self.relay_only else {}
        return {"iceServers": entries, **policy}


def turn_rest_credentials(secret: str, expires_s: float, user: str = _USER) -> tuple[str, str]:
    """User name and password that a TURN server with the same secret accepts until a time.

    Args:
        secret: Shared with the TURN server.
        expires_s: Seconds since 1970.
        user: Shows in the TURN server's log.

    Returns:
        ``"<expires>:<user>"`` and the Base64 of its HMAC-SHA1.
    """
    name = f"{int(expires_s)}:{user}"
    digest = hmac.new(secret.encode(), name.encode(), hashlib.sha1).digest()
    return name, base64.b64encode(digest).decode()


def ice_settings(environment: Mapping[str, str], section: Mapping[str, object]) -> IceSettings:
    """The settings from the environment, else from the ``[webrtc]`` section of the secrets file.

    Args:
        environment: ``FER_ICE_SERVERS`` is a JSON list of tables as in the secrets file,
            ``FER_ICE_RELAY_ONLY`` is 1 or 0.
        section: ``ice_servers`` is a list of tables with ``urls`` and, for TURN, ``username`` and
            ``credential``, or ``secret`` and perhaps ``lifetime_s``; ``relay_only`` is a truth
            value.

    Raises:
        InputError: Naming the place; never with a password in it.
    """
    listed: Any = section.get("ice_servers", [])
    place = "secrets.toml, webrtc.ice_servers"
    if text := environment.get(SERVERS_VARIABLE, "").strip():
        place = SERVERS_VARIABLE
        try:
            listed = json.loads(text)
        except json.JSONDecodeError as fault:
            raise InputError(
                f"{place}: expected a JSON list of tables such as "
                f'[{{"urls": "turn:turn.example.org"}}], got {fault}; correct it'
            ) from None
    relay = environment.get(RELAY_VARIABLE, "").strip().lower()
    relay_only = relay in _YES if relay else section.get("relay_only") is True
    if not _is_list(listed):
        raise InputError(f"{place}: expected a list of tables, got {type(listed).__name__}; fix it")
    servers = tuple(_server(entry, f"{place}[{i}]") for i, entry in enumerate(listed))
    settings = IceSettings(servers, relay_only)
    if relay_only and not settings.has_relay:
        raise InputError(
            f"{place}: expected a turn: URL because only the relay may be used, got none; add one, "
            "or allow direct connections"
        )
    return settings


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _server(entry: object, place: str) -> IceServer:
    if not isinstance(entry, Mapping):
        raise InputError(f"{place}: expected a table with urls, got {type(entry).__name__}; fix it")
    unknown = sorted(set(map(str, entry)) - set(_FIELDS))
    if unknown:
        raise InputError(
            f"{place}: expected only {', '.join(_FIELDS)}, got {', '.join(unknown)}; remove them"
        )
    listed = entry.get("urls", ())
    urls = tuple(map(str, listed)) if _is_list(listed) else (str(listed),)
    wrong = [url for url in urls if not _URL.fullmatch(url)]
    if wrong or not urls:
        raise InputError(
            f"{place}: expected urls such as stun:stun.example.org:3478 or "
            f"turn:turn.example.org:3478?transport=tcp, got {', '.join(wrong) or 'none'}; fix them"
        )
    values = {name: str(entry.get(name, "")) for name in ("username", "credential", "secret")}
    both = bool(values["username"]) and bool(values["credential"])
    if any(url.startswith("turn") for url in urls) and both == bool(values["secret"]):
        raise InputError(
            f"{place}: expected username and credential, or secret, for a TURN server, got "
            f"{', '.join(name for name, value in values.items() if value) or 'neither'}; give one "
            "of the two ways"
        )
    try:
        lifetime_s = float(entry.get("lifetime_s", _LIFETIME_S))
    except (TypeError, ValueError):
        lifetime_s = math.nan
    if not _SHORTEST_S <= lifetime_s < math.inf:
        raise InputError(
            f"{place}: expected lifetime_s of at least {_SHORTEST_S:.0f} seconds, got "
            f"{entry.get('lifetime_s')}; raise it"
        )
    return IceServer(urls, lifetime_s=lifetime_s, **values)
