"""Upkeep of accounts."""

from django.contrib.sessions.backends.db import SessionStore
from procrastinate.contrib.django import app

from anju.people import actions, guardians


@app.periodic(cron="37 * * * *")
@app.task(queue="upkeep", name="people.tidy")
def tidy(timestamp: int) -> None:
    """Forget sign-ups that nobody finished, invitations that nobody took up, and sessions that have ended."""
    del timestamp
    actions.finish_closing()
    actions.forget_unfinished()
    guardians.forget_invitations()
    SessionStore.clear_expired()
