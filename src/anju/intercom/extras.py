"""What rooms above give a gate along with its call."""

from collections.abc import Callable, Mapping

from anju.access.models import Gate

extras: list[Callable[[Gate], Mapping[str, str]]] = []
"""Each is asked when a gate dials; an empty answer adds nothing."""
