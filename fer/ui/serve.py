"""Starts the dashboard's server, and says who can reach it."""

from __future__ import annotations

import errno
import ipaddress
import socket
import sys
from pathlib import Path

from fer.errors import InputError

LOCALHOST = "127.0.0.1"


def is_loopback(host: str | None) -> bool:
    """Whether an address is reached from its own machine alone; none means every address."""
    if host is None:
        return False
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def app_script() -> Path:
    """The dashboard's entry: inside an installed package, else the project's."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "_app" / "streamlit_app.py"
    return inside if inside.is_file() else package.parent / "streamlit_app.py"


def own_address() -> str:
    """The address under which the network knows this machine; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Connecting by UDP only asks for a route; the address is one for documentation.
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return socket.gethostname()
        return str(probe.getsockname()[0])


def notice(host: str, port: int) -> str:
    """Where the dashboard will be, and what it means when others can reach it."""
    if is_loopback(host):
        return (
            f"The dashboard is at http://localhost:{port}, for this machine only "
            "(stop it with Ctrl+C)"
        )
    address = own_address() if host in ("0.0.0.0", "::") else host
    shown = f"[{address}]" if ":" in address else address
    return (
        f"SHARED: the dashboard is at http://{shown}:{port} for everyone who can reach this "
        "machine.\nThere is no password and no encryption: anyone there can hand in files and use "
        "this machine's time;\nbrowsers elsewhere lend their camera to HTTPS pages only. Paths "
        "cannot be typed unless FER_PATHS\nnames folders. docs/sharing.md has the safe way: a "
        "proxy with TLS and a password (stop it with Ctrl+C)"
    )


def check_address(host: str, port: int) -> None:
    """Refuse, before anything is said of it, an address that cannot be listened on.

    Raises:
        InputError: If the host is no address of this machine, or something listens there already.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            # As the server does: what was closed a moment ago is free. On Windows it would mean
            # to share an address with whoever listens there.
            if sys.platform != "win32":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as fault:
        if fault.errno == errno.EADDRINUSE:
            raise InputError(
                f"port: expected a free one, got {port}, where something listens already; stop it "
                "or choose another with --port"
            ) from None
        raise InputError(
            f"host: expected an address of this machine that may be listened on, got {host} with "
            f"port {port}: {fault.strerror or fault}; choose 127.0.0.1 or 0.0.0.0"
        ) from None


def serve(host: str, port: int) -> None:
    """Run the dashboard until it is stopped."""
    from streamlit.web import cli

    from fer.temporary import keep_private

    keep_private()
    options = [f"--server.address={host}", f"--server.port={port}"]
    cli.main(["run", str(app_script()), *options], prog_name="fer dashboard")
