"""Anju (安居): gates, homes and the life between them, for residential communities."""

__version__ = "0.1.0"
