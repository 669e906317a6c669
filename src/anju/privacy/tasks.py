"""Upkeep of what is held about people."""

from datetime import timedelta

from django.utils import timezone
from procrastinate.contrib.django import app

from anju.privacy import chain, ledger, retention
from anju.privacy.models import Consent


@app.periodic(cron="17 * * * *")
@app.task(queue="upkeep", name="privacy.expire")
def expire(timestamp: int) -> None:
    """Delete what is past its time."""
    del timestamp
    retention.expire()


@app.periodic(cron="* * * * *")
@app.task(queue="upkeep", name="privacy.seal")
def seal(timestamp: int) -> None:
    """Give every proof its place in the chain."""
    del timestamp
    chain.seal()


@app.periodic(cron="*/10 * * * *")
@app.task(queue="upkeep", name="privacy.note_erasures")
def note_erasures(timestamp: int) -> None:
    """Write into the ledger what a crash between the commit and the note left out."""
    del timestamp
    noted = {entry.act for entry in ledger.entries()}
    lately = Consent.objects.filter(action=Consent.Action.WITHDRAWN, at__gte=timezone.now() - timedelta(days=2))
    for act in lately:
        if str(act.pk) not in noted:
            ledger.note([act.subject], act.purpose, act.pk)
