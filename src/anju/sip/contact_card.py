"""The community's number as a telephone's contacts take it, so that its call is not thought to be advertising (vCard 3.0, RFC 2426)."""

from django.utils.translation import gettext as _

_FOLDED = 75


def card(community: str, number: str) -> bytes:
    """One contact: the community by name."""
    name = _escaped(_("%(community)s门禁") % {"community": community})
    lines = ("BEGIN:VCARD", "VERSION:3.0", f"FN:{name}", f"N:{name};;;;", f"ORG:{_escaped(community)}", f"TEL;TYPE=WORK,VOICE:{number}", "END:VCARD")  # fmt: skip
    return b"".join(_folded(line) + b"\r\n" for line in lines)


def _escaped(text: str) -> str:
    for one in "\\,;":
        text = text.replace(one, f"\\{one}")
    return text.replace("\r", " ").replace("\n", " ")


def _folded(line: str) -> bytes:
    """No line longer than 75 octets, and no character cut in two."""
    parts, now = [], b""
    for one in line:
        octets = one.encode()
        if len(now) + len(octets) > _FOLDED:
            parts.append(now)
            now = b" "
        now += octets
    return b"\r\n".join((*parts, now))
