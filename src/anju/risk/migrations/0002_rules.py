"""Rules to begin with, which staff change at the console. Money in fen, times in minutes."""

from typing import Any

from django.db import migrations

OUT = ["transfer", "packet", "withdraw"]
RULES = [
    ("amount", "prove", ["transfer", "packet"], 500_00, 0),
    ("new_device", "prove", [*OUT, "pay"], 100_00, 1440),
    ("new_password", "prove", OUT, 100_00, 1440),
    ("count", "prove", ["transfer", "packet"], 10, 60),
    ("count", "refuse", ["transfer", "packet"], 30, 60),
    ("payees", "refuse", ["transfer"], 10, 1440),
    ("total", "refuse", ["withdraw"], 20_000_00, 1440),
    ("cash_out", "prove", ["withdraw", "transfer"], 500_00, 60),
    ("cash_out", "refuse", ["withdraw", "transfer"], 3_000_00, 60),
]


def begin(apps: Any, _schema: Any) -> None:  # Any: Django's own
    rule = apps.get_model("risk", "Rule")
    for sign, act, kinds, most, minutes in RULES:
        rule.objects.create(sign=sign, act=act, kinds=kinds, most=most, minutes=minutes)


class Migration(migrations.Migration):
    dependencies = [("risk", "0001_initial")]
    operations = [migrations.RunPython(begin, migrations.RunPython.noop)]
