"""What rooms above hear of."""

from django.dispatch import Signal

ringing = Signal()
"""Sent with `call` to a home, and the `people` who ring, inside the transaction that begins it: other ways to ring may join.

A receiver returns its lines of the call's trace (actions.lines), which are written down with the others.
"""

taken = Signal()
"""Sent with `call` and `ring` inside the transaction in which somebody answered."""

over = Signal()
"""Sent with `call` inside the transaction that ends it."""
