"""A proof of consent that a person can keep: every act, what its text was, signed.

The file is canonical JSON: sorted, without a spare byte, so that any changed byte shows. The signature is Ed25519 under a key
that is for this alone; the public half travels along and is published.
"""

import hashlib
import json
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.installation.keyring import secret
from anju.policies.models import Version
from anju.privacy.blocks import Block, Heading, Paragraph, table
from anju.privacy.documents import LANGUAGES
from anju.privacy.models import Consent
from anju.privacy.purposes import PURPOSES
from anju.privacy.refusals import Refused

FORMAT = "anju-consent-proof-1"
LARGEST = 2 * 1024 * 1024
"""Bytes of a file that is looked at."""

Proof = dict[str, Any]
"""JSON: format, issued_at, subject, acts, texts (by purpose and version), public_key, signature."""


def _key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(secret("consent-proofs"))


def public_key() -> str:
    """The public half of the key that signs, in hexadecimal."""
    return _key().public_key().public_bytes_raw().hex()


def _canonical(content: Proof) -> bytes:
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def issue(subject: UUID) -> bytes:
    """Everything this person agreed to and took back until now, signed."""
    acts = list(Consent.objects.filter(subject=subject).order_by("id"))
    content: Proof = {
        "format": FORMAT,
        "issued_at": timezone.now().isoformat(),
        "subject": str(subject),
        "acts": [
            {
                "id": str(act.pk),
                "purpose": act.purpose,
                "version": act.version,
                "action": act.action,
                "actor": str(act.actor),
                "at": act.at.isoformat(),
            }
            for act in acts
        ],
        "texts": _texts({(act.purpose, act.version) for act in acts}),
        "public_key": public_key(),
    }
    return _canonical({**content, "signature": _key().sign(_canonical(content)).hex()})


def _texts(wanted: set[tuple[str, int]]) -> dict[str, dict[str, dict[str, str]]]:
    """The words that were agreed to, and their hash, by purpose and version: from the code, or from what was published."""
    known: dict[tuple[str, int], tuple[str, str]] = {}
    for published in Version.objects.defer("documents").order_by("number"):
        for code, its in published.terms["purposes"].items():
            known.setdefault((code, its["version"]), (its["title"][LANGUAGES[0]], its["text"][LANGUAGES[0]]))
    found: dict[str, dict[str, dict[str, str]]] = {}
    for code, version in sorted(wanted & known.keys()):
        title, text = known[code, version]
        digest = hashlib.sha256(text.encode()).hexdigest()
        found.setdefault(code, {})[str(version)] = {"title": title, "text": text, "sha256": digest}
    return found


def verify(file: bytes) -> Proof:
    """What a proof says, when this platform signed it and no byte has changed since. Raises Refused."""
    problem = Refused("not_a_proof", _("这不是本平台签发的同意凭证，或内容已被改动。"))
    if len(file) > LARGEST:
        raise problem
    try:
        proof: Proof = json.loads(file)
        content = {name: value for name, value in proof.items() if name != "signature"}
        if proof["format"] != FORMAT or proof["public_key"] != public_key() or _canonical(proof) != file:
            raise problem
        signature = bytes.fromhex(proof["signature"])
        _key().public_key().verify(signature, _canonical(content))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, InvalidSignature) as error:
        raise problem from error
    if proof["signature"] != signature.hex():
        raise problem
    return proof


def as_blocks(proof: Proof) -> list[Block]:
    """A proof to print."""
    rows = []
    for act in proof["acts"]:
        text = proof["texts"].get(act["purpose"], {}).get(str(act["version"]))
        purpose = PURPOSES.get(act["purpose"])
        title = str(purpose.title) if purpose else (text or {"title": act["purpose"]})["title"]
        done = Consent.Action(act["action"]).label
        by = _("本人") if act["actor"] == proof["subject"] else _("监护人")
        rows.append(
            (
                title,
                act["version"],
                done,
                by,
                act["at"][:19].replace("T", " "),
                (text or {"sha256": "—"})["sha256"][:16],
            )
        )
    heads = (_("用途"), _("版本"), _("操作"), _("操作人"), _("时间（UTC）"), _("文本指纹"))
    return [
        Heading(1, _("同意凭证")),
        Paragraph(_("当事人编号：%(subject)s") % {"subject": proof["subject"]}),
        Paragraph(_("签发时间：%(at)s") % {"at": proof["issued_at"][:19].replace("T", " ") + " UTC"}),
        table(heads, rows),
        Heading(2, _("如何核验")),
        Paragraph(_("本页供阅读；核验请使用同时下载的 JSON 文件：在隐私政策页选择“核验同意凭证”，或运行 ./anju manage verify_proof 文件名。")),
        Paragraph(_("公钥（Ed25519）：%(key)s") % {"key": proof["public_key"]}),
        Paragraph(_("签名：%(signature)s") % {"signature": proof["signature"]}),
    ]  # fmt: skip
