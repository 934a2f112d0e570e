import base64
import hashlib
import hmac
import json

import pytest
from aiortc.rtcicetransport import parse_stun_turn_uri

from fer.errors import InputError
from fer.ui.webrtc.ice import IceServer, IceSettings, ice_settings, turn_rest_credentials

TURN = {"urls": ["turn:turn.example.org:3478"], "username": "ann", "credential": "p4ss"}


def test_nothing_set_contacts_nobody() -> None:
    settings = ice_settings({}, {})
    assert settings == IceSettings()
    assert settings.configuration(0.0) == {"iceServers": []}


def test_servers_of_the_secrets_file_reach_the_browser() -> None:
    section = {"ice_servers": [{"urls": "stun:stun.example.org"}, TURN], "relay_only": True}
    settings = ice_settings({}, section)
    assert settings.has_relay
    assert settings.configuration(0.0) == {
        "iceServers": [{"urls": ["stun:stun.example.org"]}, TURN],
        "iceTransportPolicy": "relay",
    }


def test_the_environment_goes_before_the_secrets_file() -> None:
    other = {"urls": ["turns:relay.example.org"], "username": "bob", "credential": "x"}
    environment = {"FER_ICE_SERVERS": json.dumps([other]), "FER_ICE_RELAY_ONLY": "0"}
    settings = ice_settings(environment, {"ice_servers": [TURN], "relay_only": True})
    assert settings.configuration(0.0) == {"iceServers": [other]}


def test_a_secret_gives_a_password_that_expires_and_stays_hidden() -> None:
    section = {"ice_servers": [{"urls": "turn:t.example.org", "secret": "s3", "lifetime_s": 3600}]}
    settings = ice_settings({}, section)
    assert "s3" not in repr(settings)
    now = 1_700_000_000.0
    (entry,) = settings.configuration(now)["iceServers"]
    name, password = entry["username"], entry["credential"]
    expires, user = name.split(":")
    assert user == "fer"
    # At least half of the lifetime is left, and never more than all of it.
    assert 1800 < int(expires) - now <= 3600
    mac = hmac.new(b"s3", name.encode(), hashlib.sha1).digest()
    assert password == base64.b64encode(mac).decode()
    assert "s3" not in json.dumps(entry)


def test_a_password_stays_the_same_for_a_while() -> None:
    server = IceServer(("turn:t.example.org",), secret="s", lifetime_s=100.0)
    names = [server.configuration(t)["username"] for t in (1000.0, 1049.9, 1050.0, 1100.0)]
    assert names == ["1100:fer", "1100:fer", "1150:fer", "1200:fer"]


def test_credentials_follow_the_published_convention() -> None:
    # Computed with: printf 1433895918:user | openssl dgst -sha1 -hmac north -binary | base64
    name, password = turn_rest_credentials("north", 1433895918, "user")
    assert (name, password) == ("1433895918:user", "/gk4t5tUc08OpM3NjrVjHSFVNmY=")


@pytest.mark.parametrize(
    "url",
    [
        "stun:a.example",
        "stuns:a.example:5349",
        "turn:10.0.0.1:3478?transport=udp",
        "turn:a.example?transport=tcp",
        "turns:a.example:443?transport=tcp",
    ],
)
def test_accepted_urls_are_those_that_the_server_side_understands(url: str) -> None:
    (server,) = ice_settings({}, {"ice_servers": [TURN | {"urls": url}]}).servers
    assert parse_stun_turn_uri(server.urls[0])["host"] in url


@pytest.mark.parametrize(
    ("servers", "message"),
    [
        ("turn:a", "expected a list of tables, got str"),
        (["turn:a"], "expected a table with urls, got str"),
        ([{"username": "x"}], "expected urls such as"),
        ([{"urls": []}], "expected urls such as .*, got none"),
        ([{"urls": "http://a.example"}], "got http://a.example"),
        ([{"urls": "stun:a?transport=udp"}], r"got stun:a\?transport=udp"),
        ([{"urls": "turn:a.example"}], "expected username and credential, or secret.*neither"),
        ([{"urls": "turn:a.example", "username": "x"}], "got username"),
        ([TURN | {"secret": "s3cret"}], "got username, credential, secret"),
        ([TURN | {"password": "hidden"}], "got password; remove"),
        ([{"urls": "turn:a", "secret": "s3cret", "lifetime_s": 5}], "at least 60 seconds, got 5"),
        ([{"urls": "turn:a", "secret": "s3cret", "lifetime_s": "long"}], "got long"),
    ],
)
def test_wrong_servers_get_a_line_without_their_passwords(servers: object, message: str) -> None:
    with pytest.raises(InputError, match=message) as fault:
        ice_settings({}, {"ice_servers": servers})
    assert "secrets.toml, webrtc.ice_servers" in str(fault.value)
    for password in ("p4ss", "hidden", "s3cret"):
        assert password not in str(fault.value)


def test_a_broken_environment_variable_is_named() -> None:
    with pytest.raises(InputError, match=r"FER_ICE_SERVERS: expected a JSON list"):
        ice_settings({"FER_ICE_SERVERS": "turn:a.example"}, {})


def test_relay_only_needs_a_relay() -> None:
    with pytest.raises(InputError, match=r"expected a turn: URL because only the relay"):
        ice_settings({"FER_ICE_RELAY_ONLY": "1"}, {"ice_servers": [{"urls": "stun:a.example"}]})
