"""Runs the real dashboard and, on SIGUSR1, writes what the process has imported to a file.

``LEASE_S`` makes the leases of viewers shorter, so that a test need not wait for minutes.
"""

import os
import signal
import sys
from pathlib import Path

from streamlit.web import cli

from fer import leases


def main() -> None:
    report = Path(sys.argv.pop(1))

    def write_modules(_signal: int, _frame: object) -> None:
        partial = report.with_suffix(".partial")
        partial.write_text("\n".join(sorted(sys.modules)))
        partial.rename(report)

    signal.signal(signal.SIGUSR1, write_modules)
    if lease_s := os.environ.get("LEASE_S"):
        leases.LEASE_S = float(lease_s)
        leases.RENEW_S = leases._STEP_S = float(lease_s) / 4
    cli.main(prog_name="streamlit")


if __name__ == "__main__":
    main()
