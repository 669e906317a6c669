"""How a softphone learns its account: Linphone's remote provisioning, or four values typed by hand."""

from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, tostring

from django.conf import settings

from anju.installation.ports import outer
from anju.sip import place

SPACE = "http://www.linphone.org/xsds/lpconfig.xsd"
EXPIRES = 600


@dataclass(frozen=True)
class Typed:
    """What somebody types into a softphone that scans no code. server: with its transport."""

    username: str
    password: str
    domain: str
    server: str


def typed(username: str, password: str) -> Typed:
    return Typed(username, password, place.REALM, _server())


def _server() -> str:
    """Encrypted wherever the installation has a name that a certificate can be for."""
    if settings.HTTPS:
        return f"sip:{place.host()}:{outer('sip_tls')};transport=tls"
    return f"sip:{place.address()}:{outer('sip')};transport=tcp"


def linphone(username: str, password: str) -> bytes:
    """The file that Linphone fetches (its Remote Provisioning, xml_lpconfig)."""
    config = Element("config", xmlns=SPACE)
    _section(
        config, "sip", {"media_encryption": "srtp" if settings.HTTPS else "none", "use_info": "1", "default_proxy": "0"}
    )
    identity = f"sip:{username}@{place.REALM}"
    account = {"username": username, "userid": username, "passwd": password, "realm": place.REALM}
    _section(config, "auth_info_0", {**account, "domain": place.REALM})
    proxy = {"reg_proxy": f"<{_server()}>", "reg_route": f"<{_server()};lr>", "reg_identity": identity}
    _section(config, "proxy_0", {**proxy, "reg_expires": str(EXPIRES), "reg_sendregister": "1", "publish": "0"})
    return tostring(config, encoding="utf-8", xml_declaration=True)


def _section(config: Element, name: str, entries: dict[str, str]) -> None:
    section = SubElement(config, "section", name=name)
    for key, value in entries.items():
        SubElement(section, "entry", name=key, overwrite="true").text = value
