"""Keeping terminals up to date."""

from uuid import UUID

import structlog
from procrastinate.contrib.django import app

from anju.bus.client import BusError
from anju.privacy import scope
from anju.terminals import actions
from anju.terminals.isapi import TerminalError
from anju.terminals.models import Terminal

log = structlog.get_logger()


@app.periodic(cron="* * * * *")
@app.task(queue="gates", name="terminals.tell_all")
def tell_all(timestamp: int) -> None:
    """Rights that end reach a terminal within a minute; each on its own, for one that is silent would hold up the rest."""
    del timestamp
    with scope.platform():
        terminals = list(Terminal.objects.values_list("pk", flat=True))
    for terminal in terminals:
        tell.defer(terminal=str(terminal))


@app.task(queue="gates", name="terminals.tell")
def tell(terminal: str) -> None:
    """One terminal; what fails is tried again in a minute."""
    with scope.platform():
        found = Terminal.objects.select_related("gate").filter(pk=UUID(terminal)).first()
    if found is None:
        return
    try:
        actions.tell(found)
    except (TerminalError, BusError) as error:
        log.warning("terminal_silent", terminal=terminal, error=type(error).__name__)
