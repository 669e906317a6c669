"""The functions that write the books, and who may call them."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import migrations

FUNCTIONS = Path(__file__).resolve().parents[1] / "functions.sql"
CALLED = ("ledger_open", "ledger_close", "ledger_move", "ledger_reserve", "ledger_decide", "ledger_problems")


def make(apps: Any, schema_editor: Any) -> None:  # Any: Django's own
    del apps
    schema_editor.execute(FUNCTIONS.read_text(), params=None)
    for name in CALLED:
        schema_editor.execute(f'grant execute on function {name} to "{settings.DATABASE_APP_ROLE}"', params=None)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]
    operations = [migrations.RunPython(make)]
