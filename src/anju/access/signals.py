"""What rooms above hear of."""

from django.dispatch import Signal

alarm_told = Signal()
"""Sent with `gate`, `event` (the gate's own id of it), `alarm`, `on` and `at` (aware) inside the transaction in which it arrived; a
message may come twice."""

entry_recorded = Signal()
"""Sent with `entry`, `grant` (the id of the right that was used, as the gate says, or None) and `source` (what that right comes
from, None when this gate has no such right) inside the transaction that writes the entry, in the platform's scope. Its person is None when nobody agreed that it is written down."""
