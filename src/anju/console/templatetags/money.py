"""Amounts as people read them."""

from django import template

register = template.Library()


@register.filter
def yuan(fen: int | None) -> str:
    """1234567 -> `12,345.67`; nothing for None."""
    if fen is None:
        return ""
    sign, rest = ("-", -fen) if fen < 0 else ("", fen)
    return f"{sign}{rest // 100:,}.{rest % 100:02}"
