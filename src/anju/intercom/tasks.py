"""What time ends: calls that nobody closed, and the keys of visitors whose pictures are gone."""

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from procrastinate.contrib.django import app

from anju.intercom import actions, forgetting, queries
from anju.intercom.models import Call, CallState
from anju.privacy import scope


@app.periodic(cron="* * * * *")
@app.task(queue="gates", name="intercom.close")
def close(timestamp: int) -> None:
    """End what a gate that has died, or lost its line, left open."""
    del timestamp
    end_stale()


@app.periodic(cron="20 * * * *")
@app.task(queue="gates", name="intercom.forget")
def forget(timestamp: int) -> None:
    """Destroy the keys of visitors past their time."""
    del timestamp
    forgetting.past()


def end_stale() -> int:
    """Returns how many calls were ended."""
    now = timezone.now()
    rung_out = Q(state=CallState.RINGING, at__lt=now - queries.RINGS)
    talked_out = Q(state=CallState.ANSWERED, answered_at__lt=now - actions.LONGEST)
    with scope.platform(), transaction.atomic():
        stale = list(Call.objects.select_for_update(of=("self",), skip_locked=True).filter(rung_out | talked_out))
        for one in stale:
            actions.finish(one, CallState.MISSED if one.state == CallState.RINGING else CallState.ENDED)
    return len(stale)
