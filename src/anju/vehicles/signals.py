"""What rooms above hear of monthly parking."""

from django.dispatch import Signal

parking_asked = Signal()
"""Sent inside the transaction in which a resident asks for it. request."""
parking_closed = Signal()
"""Sent inside the transaction in which a request is withdrawn or refused. request."""
