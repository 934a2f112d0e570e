"""The ``fer`` command: one module a verb, the same functions as the dashboard and the API."""
