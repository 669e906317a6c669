"""The one way the platform says no: a code for programs, a sentence for people."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.functional import Promise

Text = str | Promise


class Refused(Exception):
    """A request that cannot be carried out, and what the person can do next.

    code: stable, for programs. message: translated when shown. status: HTTP status. field: the input it is about.
    more: further facts for the client (never personal).
    """

    def __init__(
        self,
        code: str,
        message: Text,
        *,
        status: int = 422,
        field: str | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.status = status
        self.more = dict(more or {})
        self.errors: Sequence[tuple[str, Text]] = [(field, message)] if field else []
