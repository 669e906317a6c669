"""`python -m anju.site.tables`: brings tables, policies, translations and the console's files up to date, as the owner."""

import os

import django

from anju.site import translations


def bring_up_to_date() -> None:
    """Idempotent; takes about two seconds when there is nothing to do."""
    os.environ["ANJU_DATABASE_ROLE"] = "owner"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "anju.site.settings")
    translations.compile_all()
    django.setup()
    from django.core.management import call_command

    # The cache's table comes first: migrating ends with giving the app's role its rights on every table there is.
    call_command("createcachetable", verbosity=0)
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)


if __name__ == "__main__":
    bring_up_to_date()
