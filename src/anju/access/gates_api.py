"""Where a device becomes a gate."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Router, Schema, Status
from ninja.throttling import AnonRateThrottle
from pydantic import Field

from anju.access import actions, gate_link
from anju.grants import encoding
from anju.privacy.refusals import Refused

router = Router(tags=["gates"])


class Registration(Schema):
    code: str = Field(max_length=20)
    nkey: str = Field(max_length=80)
    box_key: str = Field(max_length=64)
    version: str = Field(max_length=40)


@router.post("/gates/register", response={201: dict[str, Any]}, auth=None, throttle=[AnonRateThrottle("20/m")])
def register(request: HttpRequest, asked: Registration) -> Status[dict[str, Any]]:
    """A device with a one-time code. Open to everybody: the code is the right."""
    try:
        box_key = encoding.decode(asked.box_key)
    except ValueError as error:
        raise Refused("bad_key", _("门禁的公钥格式不对，请升级门禁程序后重试。"), field="box_key") from error
    gate = actions.register(asked.code, nkey=asked.nkey, box_key=box_key, version=asked.version)
    return Status(201, gate_link.welcome(gate))
