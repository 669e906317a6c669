"""What time ends: registrations nobody answered for, faces after the visit, visitors past their retention."""

from datetime import timedelta

from django.db.models import Exists, OuterRef
from django.utils import timezone
from procrastinate.contrib.django import app

from anju.access.models import Grant
from anju.partners.purposes import ACCOUNT
from anju.people.models import Person
from anju.privacy import consent, scope
from anju.privacy.declarations import LASTS
from anju.privacy.models import Consent
from anju.privacy.vault import vault
from anju.visitors import actions, desk
from anju.visitors.models import KEPT, Pass, PassState, Visitor, VisitorFace
from anju.visitors.purposes import VISIT_FACE

SETTLED = timedelta(hours=1)


@app.periodic(cron="*/5 * * * *")
@app.task(queue="gates", name="visitors.expire")
def expire(timestamp: int) -> None:
    """Let go of whom nobody expects any more."""
    del timestamp
    desk.forget_unanswered()
    forget_faces()
    forget_past()
    sweep()


def forget_faces() -> int:
    """A face is kept for the visit alone. Returns how many went."""
    with scope.platform():
        coming = Pass.objects.filter(state__in=(PassState.INVITED, PassState.CONFIRMED), until__gt=timezone.now())
        over = list(
            VisitorFace.objects.exclude(visitor__in=coming.values("visitor")).values_list("visitor_id", flat=True)
        )
    for one in over:
        consent.withdraw(one, VISIT_FACE)
    return len(over)


def forget_past() -> int:
    """Visitors whose time here is over, and whoever never answered an invitation that has passed. Returns how many."""
    now = timezone.now()
    with scope.platform():
        past = set(Visitor.objects.filter(kept_from__lt=now - LASTS[KEPT]).values_list("pk", flat=True))
        agreed = Visitor.objects.filter(passes__state__in=(PassState.CONFIRMED, PassState.REVOKED))
        unanswered = Visitor.objects.filter(kept_from__lt=now).exclude(pk__in=agreed.values("pk"))
        past |= set(unanswered.values_list("pk", flat=True))
    for one in past:
        actions.forget(one)
    return len(past)


def sweep() -> int:
    """Persons of whom nothing is left but the row, once every gate has confirmed. Returns how many went."""
    with scope.platform():
        # Whoever has, or had, an account or a guardian was asked about the account once; visitors never are.
        accounts = Consent.objects.filter(subject=OuterRef("pk"), purpose=ACCOUNT.code)
        # Somebody who signs up at this moment has neither yet.
        rows = Person.objects.filter(~Exists(accounts), phone__isnull=True, visitor__isnull=True, is_staff=False)
        rows = rows.filter(joined__lt=timezone.now() - SETTLED)
        held = Grant.objects.filter(person__in=rows).values("person")
        gone = list(rows.exclude(pk__in=held).values_list("pk", flat=True))
        vault().erase([one for one in gone if vault().knows(one)])
        Person.objects.filter(pk__in=gone).delete()
    return len(gone)
