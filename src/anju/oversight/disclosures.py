"""Handing something to an authority: by a paper, the fewest fields, two people's approval, and the person's knowledge.

Where the law forbids telling, the person is told when the ban ends; until then nothing that they can see speaks of it: the
sharing record, which is theirs to read, is written when they are told, and the audit rows name the request and not the person.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anju.homes.actions import require_duty
from anju.homes.duties import DISCLOSE
from anju.homes.models import Application, Community, Home, Member
from anju.notices import actions as notices
from anju.notices.models import Notice
from anju.oversight import four_eyes, papers, records, sheets
from anju.oversight.models import Disclosed, Disclosure
from anju.people import phone as phones
from anju.people.models import PHONE, Person
from anju.privacy import audit, scope
from anju.privacy.declarations import LASTS, Category, Retention
from anju.privacy.models import AuditEntry, Sharing
from anju.privacy.refusals import Refused, Text
from anju.privacy.vault import vault

State = Disclosure.State
RECIPIENT, PURPOSE = "authority", "disclosure"
MOST_PEOPLE = 200
MOST_DAYS = 366
_TITLE: Text = gettext_lazy("依法提供")


@dataclass(frozen=True)
class Paper:
    """What the authority came with. silent_until, silent_basis: the law forbids telling the person until then."""

    authority: str
    basis: str
    number: str
    document: bytes
    silent_until: date | None = None
    silent_basis: str = ""


def find(community: Community, phone_lines: str, home_lines: str) -> list[UUID]:
    """The persons meant: by phone, or everybody living in a home named as it is labelled. Raises Refused: which line."""
    found: dict[UUID, None] = {}
    for number, line in enumerate(_lines(phone_lines), 1):
        subject = vault().find(PHONE, phones.parse(line))
        if subject is None or not _belongs(subject, community):
            raise Refused(
                "unknown_phone",
                _("第 %(line)s 个手机号不是这个小区的住户，请核对。") % {"line": number},
                field="phones",
            )
        found[subject] = None
    labels = {home.label: home for home in _homes(community)} if home_lines.strip() else {}
    for number, line in enumerate(_lines(home_lines), 1):
        if line not in labels:
            text = _("第 %(line)s 套房屋没有找到，请写成“3栋2单元1201”的样子。") % {"line": number}
            raise Refused("unknown_home", text, field="homes")
        found |= dict.fromkeys(Member.objects.living().filter(home=labels[line]).values_list("person_id", flat=True))
    if not 1 <= len(found) <= MOST_PEOPLE:
        raise Refused("nobody", _("请填写要提供的人（1 到 200 人）。"), field="phones")
    return list(found)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _homes(community: Community) -> QuerySet[Home]:
    return Home.objects.filter(community=community).select_related("unit__building")


def _belongs(subject: UUID, community: Community) -> bool:
    return any(model.objects.filter(person=subject, community=community).exists() for model in (Member, Application))


@transaction.atomic
def ask(
    community: Community,
    paper: Paper,
    *,
    staff: Person,
    people: Sequence[UUID],
    places: Sequence[str],
    first: date | None = None,
    last: date | None = None,
) -> Disclosure:
    """Register what an authority asks for. Raises Refused."""
    require_duty(staff, community.pk, *DISCLOSE.duties)
    for name in ("authority", "basis", "number"):
        if not getattr(paper, name).strip():
            raise Refused("paper", _("请填写调取机关、法律依据和文书编号。"), field=name)
    known = {one.place: one for one in records.offered()}
    if not places or not set(places) <= known.keys():
        raise Refused("places", _("请勾选要提供的信息，只选文书要求的。"), field="places")
    dated = any(known[place].category is Category.ENTRY for place in places)
    if dated and (first is None or last is None or not 0 <= (last - first).days < MOST_DAYS):
        raise Refused("days", _("提供通行信息时，请按文书填写起止日期（一年以内）。"), field="first_day")
    if paper.silent_until and not (paper.silent_basis.strip() and paper.silent_until > timezone.localdate()):
        raise Refused("silent", _("依法不告知当事人时，请写明依据和将来的截止日期。"), field="silent_basis")
    made = Disclosure(
        community=community,
        asker=staff.pk,
        authority=paper.authority.strip(),
        basis=paper.basis.strip(),
        number=paper.number.strip(),
        document_kind=papers.kind(paper.document),
        places=list(places),
        first_day=first if dated else None,
        last_day=last if dated else None,
        silent_until=paper.silent_until,
        silent_basis=paper.silent_basis.strip() if paper.silent_until else "",
    )
    papers.seal(made, "document", paper.document)
    made.save()
    Disclosed.objects.bulk_create(
        [Disclosed(disclosure=made, community=community, subject=one) for one in dict.fromkeys(people)]
    )
    _note(made, staff, "asked")
    four_eyes.call(community, DISCLOSE, _TITLE, but=staff)
    return made


def _note(disclosure: Disclosure, staff: Person | None, what: str) -> None:
    audit.record(AuditEntry.Action.DISCLOSE, disclosure, actor=staff.pk if staff else None, reason=what)


def _locked(disclosure: Disclosure, *states: str) -> Disclosure:
    rows = Disclosure.objects.select_for_update(of=("self",)).select_related("community")
    found = rows.get(pk=disclosure.pk)
    if found.state not in states:
        text = _("这份登记的状态是“%(state)s”，不能再做这一步，请刷新页面。")
        raise Refused("wrong_state", text % {"state": found.get_state_display()}, status=409)
    return found


@transaction.atomic
def decide(disclosure: Disclosure, *, staff: Person, approve: bool) -> Disclosure:
    """The first or the second approval, or a refusal. Raises Refused: no such duty, one's own, approved already."""
    require_duty(staff, disclosure.community_id, *DISCLOSE.duties)
    found = _locked(disclosure, State.ASKED, State.SECONDED)
    if staff.pk in (found.asker, found.first):
        text = _("登记人和已批准的人不能再批准，须由另一位经理或个人信息保护负责人处理。")
        raise Refused("own_request", text, status=403)
    if not approve:
        found.state = State.REFUSED
    elif found.state == State.ASKED:
        found.state, found.first = State.SECONDED, staff.pk
    else:
        found.state, found.second = State.APPROVED, staff.pk
    found.decided_at = timezone.now()
    found.save(update_fields=["state", "first", "second", "decided_at"])
    _note(found, staff, "approved" if approve else "refused")
    four_eyes.answer(found.asker, _TITLE, State(found.state).label)
    return found


@transaction.atomic
def produce(disclosure: Disclosure, *, staff: Person) -> Disclosure:
    """Write the file, once; what went is on the record of each person, who is told unless the law forbids it. Raises Refused."""
    require_duty(staff, disclosure.community_id, *DISCLOSE.duties)
    found = _locked(disclosure, State.APPROVED)
    people = list(found.people.order_by("pk"))
    with translation.override("zh-hans"):
        book = sheets.Book(found.pk, str(staff))
        book.sheet(_("说明"), _about(found))
        book.sheet(_("信息"), records.rows(found, [one.subject for one in people]))
        papers.seal(found, "file", book.content())
    found.state, found.produced_at = State.PRODUCED, timezone.now()
    found.save(update_fields=["file", "state", "produced_at"])
    _note(found, staff, "made")
    for one in people:
        audit.record(
            AuditEntry.Action.DISCLOSE,
            one,
            actor=staff.pk,
            subject=None if found.silent_until else one.subject,
            fields=found.places,
            reason=PURPOSE,
        )
        if found.silent_until is None:
            _tell(found, one)
    return found


def _about(disclosure: Disclosure) -> list[list[str]]:
    return [
        [_("调取机关"), disclosure.authority],
        [_("法律依据"), disclosure.basis],
        [_("文书编号"), disclosure.number],
        [_("小区"), disclosure.community.name],
    ]


def hand_over(disclosure: Disclosure, *, staff: Person) -> bytes:
    """The file, once, to whoever registered the request; then it is destroyed. Raises Refused."""
    with transaction.atomic():
        found = _locked(disclosure, State.PRODUCED)
        if found.asker != staff.pk:
            raise Refused("not_yours", _("只有登记人本人可以取走文件。"), status=403)
        content = papers.read(found, "file")
        found.state, found.file = State.HANDED, None
        found.save(update_fields=["state", "file"])
        papers.destroy(found, "file")
        _note(found, staff, "downloaded")
    return content


def document(disclosure: Disclosure, *, staff: Person) -> bytes:
    """The authority's paper, for whoever decides; on the record. Raises Refused."""
    require_duty(staff, disclosure.community_id, *DISCLOSE.duties)
    with transaction.atomic():
        _note(disclosure, staff, "document")
        return papers.read(disclosure, "document")


# --- telling ------------------------------------------------------------------------------------------------------------


def _tell(disclosure: Disclosure, one: Disclosed) -> None:
    """The person's own record of it, and a message."""
    Sharing.objects.create(
        subject=one.subject,
        recipient=RECIPIENT,
        purpose=PURPOSE,
        fields=disclosure.places,
        result=Sharing.Result.SENT,
    )
    one.told_at = timezone.now()
    one.save(update_fields=["told_at"])
    person = Person.objects.filter(pk=one.subject, is_active=True).first()
    if person is None:
        return
    with notices.language_of(person):
        titles = {held.place: str(held.title) for held in records.offered()}
        facts = {
            "time": f"{timezone.localtime(disclosure.produced_at):%Y-%m-%d %H:%M}",
            "community": disclosure.community.name,
            "authority": disclosure.authority,
            "basis": disclosure.basis,
            "number": disclosure.number,
            "fields": "、".join(dict.fromkeys(titles.get(place, place) for place in disclosure.places)),
        }
        text = _(
            "%(time)s，%(community)s应%(authority)s的要求（依据：%(basis)s，文书：%(number)s），提供了您的：%(fields)s。如有疑问，请联系物业的个人信息保护负责人。"
        )
        notices.tell(person, Notice.Kind.SECURITY, _("您的信息被依法提供"), text % facts)


def tell_when_allowed() -> int:
    """Tell whoever could not be told before. Returns how many."""
    count = 0
    with scope.platform():
        waiting = Disclosed.objects.filter(
            told_at__isnull=True,
            disclosure__produced_at__isnull=False,
            disclosure__silent_until__lt=timezone.localdate(),
        )
        for pk in list(waiting.values_list("pk", flat=True)):
            with transaction.atomic():
                rows = Disclosed.objects.select_for_update(of=("self",)).select_related("disclosure__community")
                one = rows.filter(pk=pk, told_at__isnull=True).first()
                if one:
                    _tell(one.disclosure, one)
                    count += 1
    return count


def forget_old() -> int:
    """Requests and their papers go after three years. Returns how many."""
    with scope.platform(), transaction.atomic():
        kept: timedelta = LASTS[Retention.THREE_YEARS]
        old = list(Disclosure.objects.filter(at__lt=timezone.now() - kept).defer("document", "file"))
        Disclosure.objects.filter(pk__in=[one.pk for one in old]).delete()
        for one in old:
            papers.destroy(one, "document", "file")
    return len(old)
