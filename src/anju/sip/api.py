"""A resident's softphones, and the one address that hands a new one its account."""

from datetime import datetime
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Field, Router, Schema, Status

from anju.people import devices as browsers
from anju.people.limits import Each
from anju.people.models import person_of
from anju.sip import devices, place, provisioning
from anju.sip.models import SipDevice

router = Router(tags=["sip"])


class SipDeviceOut(Schema):
    id: UUID
    label: str
    home: str
    created_at: datetime


class SipDevices(Schema):
    """available: whether this installation rings softphones at all."""

    available: bool
    devices: list[SipDeviceOut]


class SipDeviceIn(Schema):
    home: UUID
    label: str = Field(max_length=40)


class SipDeviceMade(Schema):
    """Shown once. qr: what Linphone scans, good for ten minutes and one device; from then on this password no longer counts."""

    id: UUID
    qr: str
    username: str
    password: str
    domain: str
    server: str


@router.get("/sip/devices", response=SipDevices)
def sip_devices(request: HttpRequest) -> SipDevices:
    """One's own softphones."""
    mine = SipDevice.objects.filter(person=person_of(request.user)).select_related("home__unit__building")
    found = [
        SipDeviceOut(id=one.pk, label=str(one.label.open()), home=one.home.label, created_at=one.created_at)
        for one in mine
        if one.home is not None
    ]
    return SipDevices(available=place.runs(), devices=found)


@router.post("/sip/devices", response={201: SipDeviceMade}, throttle=[Each("sip", 10)])
def add(request: HttpRequest, said: SipDeviceIn) -> Status[SipDeviceMade]:
    """An account for a softphone, which rings whenever this home is called."""
    person = person_of(request.user)
    made = devices.add(person, said.home, said.label, browsers.signed_in_on(request, person))
    typed = provisioning.typed(made.device.username, made.password)
    qr = request.build_absolute_uri(f"/api/v1/sip/provision/{made.ticket}")
    return Status(
        201,
        SipDeviceMade(
            id=made.device.pk,
            qr=qr,
            username=typed.username,
            password=typed.password,
            domain=typed.domain,
            server=typed.server,
        ),
    )


@router.delete("/sip/devices/{device}", response={204: None})
def remove(request: HttpRequest, device: UUID) -> Status[None]:
    """It rings no more, from this moment."""
    devices.remove(person_of(request.user), device)
    return Status(204, None)


@router.get("/sip/provision/{ticket}", auth=None, response={200: bytes})
def provision(request: HttpRequest, ticket: str) -> HttpResponse:
    """The account's file for whoever scanned the code, once."""
    del request
    account = devices.hand_over(ticket)
    return HttpResponse(
        provisioning.linphone(account.device.username, account.password),
        content_type="application/xml; charset=utf-8",
        headers={"Cache-Control": "no-store"},
    )
