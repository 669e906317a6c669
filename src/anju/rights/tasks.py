"""Clocks: cancellations whose time has come, places that have yet to confirm, answers that are due."""

from procrastinate.contrib.django import app

from anju.rights import actions, alarms, cancellation
from anju.rights.models import REMIND_BEFORE


@app.periodic(cron="* * * * *")
@app.task(queue="rights", name="rights.carry_out")
def carry_out(timestamp: int) -> None:
    """Close the accounts whose undo window is over, and look whether every place has confirmed."""
    del timestamp
    for request in cancellation.due():
        cancellation.carry_out(request)
    for request in cancellation.erasing():
        cancellation.settle(request)


@app.periodic(cron="7 * * * *")
@app.task(queue="rights", name="rights.remind")
def remind(timestamp: int) -> None:
    """Tell staff what is due soon, and those above them what is late; clear away what is settled."""
    del timestamp
    cancellation.forget_closed()
    near, late = actions.remind(REMIND_BEFORE)
    alarms.tell_of(near, late=False)
    alarms.tell_of(late, late=True)
