"""Which of a person's browsers are woken while the app is closed."""

from datetime import datetime
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Router, Schema, Status

from anju.grants import encoding
from anju.notices import push
from anju.notices.models import PushSubscription
from anju.partners.push_services import PUSH
from anju.partners.web_push import Keys, public_key
from anju.people import devices
from anju.people.limits import Each
from anju.people.models import person_of
from anju.privacy import consent
from anju.privacy.refusals import Refused

router = Router(tags=["notices"])


class PushSubscriptionOut(Schema):
    """here: whether it was made in the session that asks."""

    id: UUID
    label: str
    at: datetime
    here: bool


class PushOut(Schema):
    """public_key: the `applicationServerKey` a browser subscribes with. agreed: whether the person agrees to the purpose `push`."""

    public_key: str
    agreed: bool
    subscriptions: list[PushSubscriptionOut]


class PushKeysIn(Schema):
    """As the browser's `PushSubscription.toJSON()` has them, base64url."""

    p256dh: str = Field(max_length=100)
    auth: str = Field(max_length=40)


class PushSubscriptionIn(Schema):
    endpoint: str = Field(max_length=2000)
    keys: PushKeysIn


def _present(request: HttpRequest, one: PushSubscription) -> PushSubscriptionOut:
    here = bytes(one.session) == push.mark_of(request.session.session_key or "")
    return PushSubscriptionOut(id=one.pk, label=one.label, at=one.at, here=here)


@router.get("/push", response=PushOut)
def subscriptions(request: HttpRequest) -> PushOut:
    person = person_of(request.user)
    return PushOut(
        public_key=public_key(),
        agreed=consent.granted(person.pk, PUSH),
        subscriptions=[_present(request, one) for one in PushSubscription.objects.filter(person=person)],
    )


@router.post("/push", response={201: PushSubscriptionOut}, throttle=[Each("push", 20)])
def subscribe(request: HttpRequest, new: PushSubscriptionIn) -> Status[PushSubscriptionOut]:
    session = request.session.session_key
    if session is None:  # a program's token: there is no browser to wake
        raise Refused("no_browser", _("请在浏览器里登录后再开启推送通知。"), status=409)
    try:
        keys = Keys(encoding.decode(new.keys.p256dh), encoding.decode(new.keys.auth))
    except ValueError as error:
        raise Refused("bad_push_keys", _("浏览器给出的推送密钥无效，请刷新页面后重试。"), field="keys") from error
    label = devices.describe(request.headers.get("User-Agent", ""))
    made = push.subscribe(person_of(request.user), session, endpoint=new.endpoint, keys=keys, label=label)
    return Status(201, _present(request, made))


@router.delete("/push/{subscription}", response={204: None})
def unsubscribe(request: HttpRequest, subscription: UUID) -> Status[None]:
    push.unsubscribe(person_of(request.user), subscription)
    return Status(204, None)
