"""What rooms hear of fees."""

from django.dispatch import Signal

bill_paid = Signal()
"""Sent inside the transaction when a bill is paid in full. bill."""
bill_reopened = Signal()
"""Sent inside the transaction that gives back what had paid a bill in full: it is owed again. bill."""
