"""Django's PostgreSQL backend with the current scope told to the server.

The scope travels in front of the first statement that needs it, so that row-level security costs no round trip of its own.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import psycopg
from django.db.backends.postgresql import base

from anju.privacy import scope

if TYPE_CHECKING:
    Cursor = psycopg.ClientCursor[Any]  # Any: rows are whatever a query selects
    ServerBindingCursor = psycopg.Cursor[Any]
else:
    from django.db.backends.postgresql.base import Cursor, ServerBindingCursor


class ScopedCursor(Cursor):
    """A cursor that never runs a statement under another request's scope."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> "ScopedCursor":  # Any: psycopg's own types
        link: Any = self.connection  # Any: what the server was told is noted on psycopg's own object
        wanted = scope.current()
        if getattr(link, "anju_scope", None) == wanted:
            super().execute(query, params, **options)
            return self
        link.anju_scope = None  # a failure below rolls the setting back
        if isinstance(query, str):
            super().execute(wanted.statement + query, params, **options)
            self.nextset()
        else:
            super().execute(wanted.statement)
            super().execute(query, params, **options)
        link.anju_scope = wanted
        return self

    def executemany(self, query: Any, params_seq: Iterable[Any], **options: Any) -> None:  # Any: psycopg's own types
        link: Any = self.connection  # Any: as above
        wanted = scope.current()
        super().execute(wanted.statement)
        link.anju_scope = wanted
        super().executemany(query, params_seq, **options)


class PreparedCursor(ServerBindingCursor):
    """The same for statements that the server keeps prepared: before one of those nothing else fits."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> "PreparedCursor":  # Any: as above
        link: Any = self.connection  # Any: as above
        wanted = scope.current()
        if getattr(link, "anju_scope", None) != wanted:
            link.anju_scope = None
            super().execute(wanted.statement)
            link.anju_scope = wanted
        super().execute(query, params, **options)
        return self

    def executemany(self, query: Any, params_seq: Iterable[Any], **options: Any) -> None:  # Any: as above
        for params in params_seq:
            self.execute(query, params, **options)


class DatabaseWrapper(base.DatabaseWrapper):
    """A rollback undoes settings as well, so each one forgets what the server was told."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:  # Any: psycopg's Connection, subclassed by Django
        connection = super().get_new_connection(conn_params)
        prepared = self.settings_dict["OPTIONS"].get("server_side_binding")
        connection.cursor_factory = PreparedCursor if prepared else ScopedCursor
        return connection

    def create_cursor(self, name: str | None = None) -> Any:  # Any: as the parent's
        if name:  # a server-side cursor cannot carry the scope in front of its query
            super().create_cursor().execute("select 1")
        return super().create_cursor(name)

    def _forget(self) -> None:
        if self.connection is not None:
            self.connection.anju_scope = None

    def _rollback(self) -> Any:  # Any: as the parent's
        self._forget()
        return super()._rollback()  # type: ignore[misc]  # the stubs leave private methods out

    def _savepoint_rollback(self, sid: str) -> None:
        # In a failed transaction nothing but the rollback itself is accepted: no scope may go in front of it.
        self.connection.anju_scope = scope.current()
        super()._savepoint_rollback(sid)  # type: ignore[misc]
        self._forget()
