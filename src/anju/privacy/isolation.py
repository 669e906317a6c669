"""Row-level security, written to PostgreSQL after every migration from what the models declare.

Each isolated table is FORCEd, so even its owner sees only the current scope; the app's role owns nothing.
"""

from dataclasses import dataclass

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connections, models

_COMMUNITIES = "string_to_array(current_setting('anju.communities', true), ',')"
_EVERY = "current_setting('anju.communities', true) = '*'"


@dataclass(frozen=True)
class Isolation:
    """Who sees a row: its community's staff, and the person it is about.

    community, person: column names (None: the table has no such side). public: anyone may read, only the scope may write.
    """

    community: str | None = "community_id"
    person: str | None = None
    public: bool = False

    def condition(self) -> str:
        """The SQL condition under which a row is inside the current scope."""
        parts = [_EVERY]
        if self.community:
            parts.append(f"{self.community}::text = any({_COMMUNITIES})")
        if self.person:
            parts.append(f"{self.person}::text = current_setting('anju.person', true)")
        return " or ".join(parts)


def isolated_models() -> list[tuple[type[models.Model], Isolation]]:
    """Every model that declares an isolation."""
    found = []
    for model in apps.get_models():
        isolation = getattr(model, "isolation", None)
        if isinstance(isolation, Isolation):
            found.append((model, isolation))
    return found


def apply(using: str = "default") -> None:
    """Bring policies and the app role's rights up to date. Runs as the tables' owner, after migrations."""
    role = settings.DATABASE_APP_ROLE
    with connections[using].cursor() as cursor:
        cursor.execute(
            "select rolsuper or rolbypassrls or rolname = current_user from pg_roles where rolname = %s", [role]
        )
        found = cursor.fetchone()
        if found is None or found[0]:
            raise ImproperlyConfigured(
                f"The platform connects as the database role {role!r}, which must exist, own nothing and be bound by row-level "
                f"security: create role {role} login nosuperuser nobypassrls password '…'"
            )
        cursor.execute(f"grant usage on schema public to {role}")
        cursor.execute(f"grant select, insert, update, delete on all tables in schema public to {role}")
        cursor.execute(f"grant usage, select on all sequences in schema public to {role}")
        cursor.execute(f"revoke insert, update, delete on django_migrations from {role}")
        for model in apps.get_models():
            if getattr(model, "append_only", False):
                cursor.execute(f"revoke update, delete, truncate on {model._meta.db_table} from {role}")
            if getattr(model, "by_functions", False):  # of the database, which are the only way to write such a table
                cursor.execute(f"revoke insert, update, delete, truncate on {model._meta.db_table} from {role}")
        for model, isolation in isolated_models():
            table = model._meta.db_table
            condition = isolation.condition()
            cursor.execute(f"alter table {table} enable row level security")
            cursor.execute(f"alter table {table} force row level security")
            cursor.execute(f"drop policy if exists anju_scope on {table}")
            cursor.execute(f"create policy anju_scope on {table} using ({condition}) with check ({condition})")
            cursor.execute(f"drop policy if exists anju_public on {table}")
            if isolation.public:
                cursor.execute(f"create policy anju_public on {table} for select using (true)")
