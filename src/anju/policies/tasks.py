"""Telling everybody of a material change."""

from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _
from procrastinate.contrib.django import app

from anju.notices import actions as notices
from anju.notices.models import Notice
from anju.people.models import Person
from anju.policies.models import Version
from anju.privacy import scope

BATCH = 500


@app.task(queue="policies", name="policies.tell")
def tell(version: int, after: str = "") -> None:
    """Put it into the list of the next people in line, in their language, and come back for the rest.

    Whoever has been told already is passed over: a batch that was cut short can run again.
    """
    changed = Version.objects.get(pk=version)
    people = Person.objects.filter(is_active=True, phone_verified=True).order_by("pk")
    batch = list(people.filter(pk__gt=UUID(after))[:BATCH] if after else people[:BATCH])
    with scope.platform():
        told = Notice.objects.filter(kind=Notice.Kind.POLICY, at__gte=changed.published_at, person__in=batch)
        known = set(told.values_list("person_id", flat=True))
        for person in batch:
            if person.pk not in known:
                _tell(person, changed)
    if len(batch) == BATCH:
        tell.defer(version=version, after=str(batch[-1].pk))


def _tell(person: Person, changed: Version) -> None:
    with notices.language_of(person):
        day = timezone.localtime(changed.effective_at).date().isoformat()
        body = _(
            "隐私政策有重大变更，%(day)s 起生效。请打开“我的 → 隐私与同意 → 隐私政策”查看改了哪里；涉及的用途会请您重新决定，不同意不影响其他服务。"
        )
        notices.tell(person, Notice.Kind.POLICY, _("隐私政策更新"), body % {"day": day})
