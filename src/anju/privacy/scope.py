"""Whose rows may be seen now: the current person and communities, which row-level security in PostgreSQL enforces.

Nothing is visible by default. A request gets its person; staff pages add the communities they work for; a job or an action
that works for one community says so.
"""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from uuid import UUID

EVERY = "*"


@dataclass(frozen=True)
class Scope:
    """communities: ids as text, or {"*"}. statement: the SQL that tells PostgreSQL (ids only, so it is safe to inline)."""

    person: UUID | None = None
    communities: frozenset[str] = frozenset()
    statement: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        communities = ",".join(sorted(self.communities))
        text = (
            f"select set_config('anju.person', '{self.person or ''}', false), "
            f"set_config('anju.communities', '{communities}', false);"
        )
        object.__setattr__(self, "statement", text)


NOTHING = Scope()
_current: ContextVar[Scope] = ContextVar("anju_scope", default=NOTHING)


def current() -> Scope:
    return _current.get()


@contextmanager
def _use(scope: Scope) -> Iterator[None]:
    token = _current.set(scope)
    try:
        yield
    finally:
        _current.reset(token)


def person(subject: UUID | None, communities: Iterable[UUID] = ()) -> AbstractContextManager[None]:
    """See what belongs to this person, and to these communities (staff)."""
    return _use(Scope(subject, frozenset(str(community) for community in communities)))


def community(*ids: UUID) -> AbstractContextManager[None]:
    """Work for these communities too: for an action that has already checked who asks."""
    now = current()
    if EVERY in now.communities:
        return _use(now)
    return _use(replace(now, communities=now.communities | {str(one) for one in ids}))


def platform() -> AbstractContextManager[None]:
    """Work for the platform as a whole: jobs, the command line and look-ups that come before anyone is known."""
    return _use(replace(current(), communities=frozenset({EVERY})))


def enter(subject: UUID | None, communities: Iterable[UUID | str] = ()) -> None:
    """Set the scope for the rest of this request; ScopeMiddleware ends it."""
    _current.set(Scope(subject, frozenset(str(one) for one in communities)))


@contextmanager
def request() -> Iterator[None]:
    """A request starts with nothing in sight and leaves nothing behind in its thread."""
    with _use(NOTHING):
        yield
