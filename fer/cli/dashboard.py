"""``fer dashboard``: the pages in a browser."""

from __future__ import annotations

from typing import Annotated

import typer

from fer.ui.serve import LOCALHOST, check_address, notice, serve


def dashboard(
    host: Annotated[
        str,
        typer.Option("--host", help="Address to listen on; 0.0.0.0 shares it with the network."),
    ] = LOCALHOST,
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Its port.")] = 8501,
) -> None:
    """Open the dashboard, for this machine only unless --host says otherwise."""
    check_address(host, port)
    typer.echo(notice(host, port), err=True)
    serve(host, port)
