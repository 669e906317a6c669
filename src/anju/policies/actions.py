"""Publishing the documents, and handing the platform over."""

import hashlib
import json
from datetime import datetime

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.policies import queries, tasks, terms
from anju.policies.models import Controller, Version
from anju.privacy import blocks, documents
from anju.privacy.refusals import Refused


@transaction.atomic
def publish() -> Version | None:
    """Publish the documents as the code has them now. None: nothing changed.

    A material change comes into force after the notice period, and everybody is told.
    """
    with connection.cursor() as cursor:  # two processes that start together publish once
        cursor.execute("select pg_advisory_xact_lock(hashtextextended('anju.policies', 0))")
    controller, last = queries.controller(), queries.latest()
    declared = terms.declared(controller)
    written = {
        language: {name: blocks.as_json(documents.blocks(name, language, controller)) for name in documents.DOCUMENTS}
        for language in documents.LANGUAGES
    }
    digest = hashlib.sha256(json.dumps([declared, written], sort_keys=True).encode()).hexdigest()
    if last and last.hash == digest:
        return None
    changes = terms.compare(last.terms, declared) if last else []
    now = timezone.now()
    material = any(one.material for one in changes)
    version = Version.objects.create(
        number=last.number + 1 if last else 1,
        published_at=now,
        effective_at=_effective(now) if material else now,
        material=material,
        purposes=terms.touched(changes),
        hash=digest,
        documents=written,
        terms=declared,
    )
    if material:
        tasks.tell.defer(version=version.number)
    return version


def _effective(now: datetime) -> datetime:
    """After the notice period, and not before a handover."""
    handover = Controller.objects.first()
    return max(now + settings.POLICY_NOTICE, handover.since if handover else now)


@transaction.atomic
def hand_over(name: str, since: datetime) -> Version | None:
    """Another controller from `since` on: everybody is told, and from then on asked anew. Raises Refused."""
    if not name.strip():
        raise Refused("name_form", _("请填写新的个人信息处理者的名称。"), field="name")
    if since < timezone.now() + settings.POLICY_NOTICE:
        text = _("交接时间须在 %(days)s 天的告知期之后。") % {"days": settings.POLICY_NOTICE.days}
        raise Refused("too_soon", text, field="since")
    last = Controller.objects.first()
    if last and since <= last.since:
        raise Refused("before_the_last", _("交接时间须晚于上一次交接。"), field="since")
    Controller.objects.create(name=name.strip(), since=since)
    return publish()
