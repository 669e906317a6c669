"""The bare app."""

from django.apps import AppConfig


class BareConfig(AppConfig):
    """One table of plain messages."""

    name = "benchmarks.bare"
    label = "bare"
