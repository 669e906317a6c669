"""`python -m benchmarks.bare.fill N`: tables, one user with N messages; prints the session cookie."""

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.bare.settings")
django.setup()

from django.contrib.auth import get_user_model  # noqa: E402  Django must be set up first
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402

from benchmarks.bare.models import Notice  # noqa: E402


def main(count: int) -> None:
    """Make everything anew."""
    call_command("migrate", verbosity=0)
    with connection.schema_editor() as editor:
        editor.create_model(Notice)
    person = get_user_model().objects.create_user("bare")
    Notice.objects.bulk_create(
        [Notice(person=person, kind="home", title=f"标题 {number}", body="正文" * 20) for number in range(count)]
    )
    client = Client()
    client.force_login(person)
    sys.stdout.write(f"sessionid={client.cookies['sessionid'].value}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
