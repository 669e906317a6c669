"""What rooms above hear of."""

from django.dispatch import Signal

ringing = Signal()
"""Sent with `call` inside the transaction that begins it: other ways to ring may join."""

taken = Signal()
"""Sent with `call` and `ring` inside the transaction in which somebody answered."""

over = Signal()
"""Sent with `call` inside the transaction that ends it."""
