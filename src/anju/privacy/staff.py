"""What a member of staff may do, as the console found out for this request."""

from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from django.http import HttpRequest

OPERATOR = "operator"
"""Whoever runs the installation: may do what any duty may, in every community."""

Duties = Mapping[str, frozenset[UUID]]
"""What the person asking may do, and in which communities."""


def duties(request: HttpRequest) -> Duties:
    """The duties that the console found for this request; none outside it."""
    found: Duties = getattr(request, "duties", {})
    return found


def holds(request: HttpRequest, allowed: Collection[str]) -> bool:
    """Whether the person asking holds one of these duties anywhere. The operator may what any duty may."""
    return bool(allowed) and not {OPERATOR, *allowed}.isdisjoint(duties(request))


def communities(request: HttpRequest, allowed: Iterable[str]) -> frozenset[UUID]:
    """Where the person asking holds one of these duties. The operator's reach is not listed: see `holds`."""
    return frozenset().union(*(duties(request).get(duty, frozenset()) for duty in allowed))
