"""`python -m anju.site.tables`: brings tables, translations, the console's files and the published privacy documents up to date, as the owner."""

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
    from anju.policies import actions

    actions.publish()


if __name__ == "__main__":
    bring_up_to_date()
