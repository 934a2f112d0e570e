"""``python -m fer``: the ``fer`` command."""

from fer.cli.main import main

main()
