"""Runs the real dashboard and, on SIGUSR1, writes what the process has imported to a file."""

import signal
import sys
from pathlib import Path

from streamlit.web import cli


def main() -> None:
    report = Path(sys.argv.pop(1))

    def write_modules(_signal: int, _frame: object) -> None:
        partial = report.with_suffix(".partial")
        partial.write_text("\n".join(sorted(sys.modules)))
        partial.rename(report)

    signal.signal(signal.SIGUSR1, write_modules)
    cli.main(prog_name="streamlit")


if __name__ == "__main__":
    main()
