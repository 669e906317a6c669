"""A community with something of everything, and what only its own may read of it."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from allauth.usersessions.models import UserSession
from django.utils import timezone

from anju.access.models import Grant
from anju.billing import dials
from anju.billing.models import (
    Adjustment,
    Bill,
    Collector,
    FeeItem,
    Meter,
    Reading,
    Receipt,
    Repayment,
    Reported,
    Run,
    Tariff,
)
from anju.fleet.models import Alarm, ModeChange
from anju.homes.duties import Duty
from anju.homes.models import Community, StaffRole
from anju.incidents.models import Affected, Incident
from anju.intercom.models import Call, Panel
from anju.notices import actions as notices
from anju.notices.models import Notice
from anju.oversight.models import Disclosed, Disclosure, Export, Glass
from anju.partners import sms
from anju.partners.models import OutboxMessage
from anju.payments.models import Difference, Payment, Refund
from anju.people.models import KnownDevice
from anju.privacy import audit, scope
from anju.privacy.models import AuditEntry, Consent, Sharing
from anju.rights.models import Request
from anju.sip.models import SipDevice, Trunk
from anju.terminals.models import Terminal
from anju.vehicles.models import Parking, ParkingRequest
from tests import factories


@dataclass
class Furnished:
    """A community with something of everything. rows: by the name of the address's part or the model's label."""

    place: Community
    rows: dict[str, object]
    marks: set[str]
    """What only this community's own may read."""


def furnish(title: str, name: str) -> Furnished:
    """Make one. name: of a resident, whose mask is told apart by its first character."""
    place = factories.community(name=title)
    phone = factories.phone()
    who = factories.person(factories.EVERYTHING, phone=phone)
    home = factories.home(place)
    member = factories.member(who, home, name=name)
    application = factories.application(place, "201", name=name)
    chief = factories.staff(place, Duty.MANAGER, nickname=f"经理{title}")
    gate = factories.gate(place, f"{title}的门")
    entry = factories.entry(gate, who)
    beside = factories.gate(place, f"{title}的终端")
    key = factories.phone_key(who)
    visit = factories.visit(who, home, name=f"{name[0]}来客")
    car = factories.car(who, home)
    lift = factories.lift(home, gate, name=f"电梯{title}")
    space = factories.space(place, title=f"车位{title}")
    sms.send(phone, f"验证码 {title}", kind=OutboxMessage.Kind.CODE, subject=who.pk)
    with scope.platform():
        notice = notices.tell(who, Notice.Kind.HOME, title, f"内容 {title}")
        terminal = Terminal.objects.create(community=place, gate=beside, protocol=Terminal.Protocol.PUSH)
        grant = Grant.objects.filter(gate=gate, person=who).first() or Grant.objects.create(
            community=place, gate=gate, person=who
        )
        now = timezone.now()
        let = Parking.objects.create(
            community=place, person=who, home=home, since=now, until=now + timedelta(days=30)
        )  # fmt: skip
        call = Call.objects.create(community=place, gate=gate, visitor=uuid4(), state="missed")
        station = SipDevice.objects.create(
            community=place, home=home, kind="station", username=uuid4().hex[:13], ha1="0" * 32
        )  # fmt: skip
        item = FeeItem.objects.create(community=place, name=f"物业费{title}", basis="fixed")
        today = timezone.localdate().replace(day=1)
        tariff = Tariff.objects.create(community=place, item=item, since=today, price=1)
        meter = Meter.objects.create(community=place, item=item, home=home)
        reading = Reading.objects.create(community=place, meter=meter, day=today, value=1)
        dials.keep(reading, b"a dial")
        collector = Collector.objects.create(community=place, name=f"采集器{title}", digest=uuid4().bytes * 2)
        reported = Reported.objects.create(
            community=place, collector=collector, digest=uuid4().bytes * 2, meter=meter, value=9000, read_at=now
        )  # fmt: skip
        run = Run.objects.create(community=place, item=item, period=today, state="draft", made_by=chief.pk)
        bill = Bill.objects.create(
            community=place, item=item, home=home, run=run, period=today, ends=today, due=today, amount=100, state="issued"
        )  # fmt: skip
        adjusted = Adjustment.objects.create(community=place, bill=bill, delta=-1, reason="wrong", asker=uuid4())
        receipt = Receipt.objects.create(community=place, number=1, home=home, method="pos", amount=100)
        payment = Payment.objects.create(
            community=place, payer=who.pk, through="alipay", number=uuid4().hex, amount=100, title=f"物业费{title}",
            kind="fees", thing=uuid4(), state="paid", until=now, paid_at=now,
        )  # fmt: skip
        refund = Refund.objects.create(
            community=place, payment=payment, payer=who.pk, number=uuid4().hex, amount=100, reason="receipt_returned",
            state="failed",
        )  # fmt: skip
        repayment = Repayment.objects.create(
            community=place, refund=refund, way="transfer", note=f"凭证{title}", asker=uuid4()
        )  # fmt: skip
        difference = Difference.objects.create(
            community=place, through="alipay", day=today, number=payment.number, kind="amount", ours=100, theirs=1
        )  # fmt: skip
        trunk = Trunk.objects.create(community=place, host="192.0.2.7", number=f"010{uuid4().int % 10**8:08}")
        panel = Panel.objects.create(community=place, gate=gate)
        asked = ParkingRequest.objects.create(community=place, person=who, home=home, months=1)
        glass = Glass.objects.create(community=place, subject=who.pk, asker=chief.pk, reason="safety")
        alarm = Alarm.objects.create(community=place, gate=gate, kind="forced", at=now)
        change = ModeChange.objects.create(community=place, gate=gate, mode="locked", asker=chief.pk, reason="safety")
        export = Export.objects.create(community=place, what="residents", asker=chief.pk, reason="roll")
        disclosure = Disclosure.objects.create(
            community=place, asker=chief.pk, authority=f"{title}分局", basis="x", number="x", document=b"x",
            document_kind="pdf", places=["homes.Member.name"],
        )  # fmt: skip
        disclosed = Disclosed.objects.create(disclosure=disclosure, community=place, subject=who.pk)
        now = timezone.now()
        incident = Incident.objects.create(
            community=place, kind="leak", found_at=now, began=now, ended=now, opened_by=chief.pk, state="open",
            report={"zh-hans": f"{title}的报告", "en": title},
        )  # fmt: skip
        Affected.objects.create(incident=incident, community=place, subject=who.pk, places=["homes.Member.name"])
        request = Request.objects.create(
            community=place, subject=who.pk, kind="explain", due_at=now + timedelta(days=9), text=f"{title}的申请"
        )
        seen = audit.record(AuditEntry.Action.UNMASK, member, actor=chief.pk, subject=who.pk, fields=["name"])
        shared = Sharing.objects.create(
            subject=who.pk, recipient="sms", purpose="account", fields=["phone"], result="sent"
        )
        device = KnownDevice.objects.create(person=who, mark=uuid4().bytes * 2, label=f"设备{title}")
        session = UserSession.objects.create(
            user=who, ip="192.0.2.0", session_key=uuid4().hex, user_agent=f"浏览器{title}"
        )
        role = StaffRole.objects.get(person=chief)
        message = OutboxMessage.objects.get(subject=who.pk)
        unit, building = home.unit, home.unit.building
        consent = Consent.objects.filter(subject=who.pk).latest("id")
    rows: dict[str, object] = {
        "application": application.pk, "entry": entry.pk, "gate": gate.pk, "message": message.pk, "glass": glass.pk,
        "export": export.pk, "incident": incident.pk, "disclosure": disclosure.pk, "number": request.pk,
        "session": session.pk, "device": device.pk, "key": key.pk, "notice": notice.pk, "community": place.pk,
        "assessment": uuid4(), "verdict": uuid4(), "rule": uuid4(), "gap": 0, "block": 0,  # the installation's, no community's
        "unit": unit.pk, "home": home.pk, "request_id": request.pk, "child": who.pk, "person": who.pk,
        "alarm": alarm.pk, "change": change.pk, "call": call.pk, "visit": visit.pk, "visitor": visit.visitor_id,
        "car": car.pk, "asked": asked.pk, "lift": lift.pk, "lifts.Lift": lift.pk, "intercom.Panel": panel.pk, "vehicles.Space": space.pk, "vehicles.Parking": let.pk,
        "homes.Community": place.pk, "homes.Building": building.pk, "homes.Unit": unit.pk, "homes.Home": home.pk,
        "member": member.pk, "terminal": terminal.pk, "station": station.pk, "trunk": trunk.pk, "run": run.pk, "bill": bill.pk, "reading": reading.pk, "collector": collector.pk, "reported": reported.pk, "adjustment": adjusted.pk, "receipt": receipt.pk, "refund": refund.pk, "repayment": repayment.pk, "difference": difference.pk,
        "billing.FeeItem": item.pk, "billing.Tariff": tariff.pk, "billing.Meter": meter.pk, "billing.Reading": reading.pk, "homes.Member": member.pk, "homes.Application": application.pk, "homes.StaffRole": role.pk,
        "access.Gate": gate.pk, "access.Entry": entry.pk, "access.Grant": grant.pk, "people.Person": who.pk,
        "privacy.AuditEntry": seen.pk, "privacy.Consent": consent.pk, "privacy.Sharing": shared.pk,
    }  # fmt: skip
    private = (
        "application", "entry", "message", "glass", "export", "incident", "disclosure", "number", "key", "notice", "visit", "visitor",
        "person", "homes.Member", "homes.StaffRole", "access.Grant", "privacy.AuditEntry", "privacy.Consent",
        "privacy.Sharing",
    )  # fmt: skip
    marks = {str(rows[one]) for one in private} | {
        name,
        f"{name[0]}***",
        phone,
        phone[3:],
        f"{title}的门",
        f"{title}的终端",
    }
    marks |= {str(application.person_id), str(chief.pk), str(disclosed.pk) if disclosed.pk > 99_999 else name}
    marks |= {f"经理{title}", f"{title}分局", f"{title}的报告", f"{title}的申请", f"验证码 {title}", f"内容 {title}"}
    return Furnished(
        place, rows, marks | {f"设备{title}", f"浏览器{title}", f"车位{title}", f"电梯{title}", f"采集器{title}"}
    )
