"""Sealing a request's files, each under a key of its own, which goes with it."""

from uuid import UUID, uuid5

from django.db import models, transaction
from django.utils.translation import gettext as _

from anju.privacy.refusals import Refused
from anju.privacy.vault import Erased, vault

MOST_BYTES = 10 * 1024 * 1024
_KINDS = ((b"%PDF-", "pdf"), (b"\xff\xd8\xff", "jpg"))


def kind(content: bytes) -> str:
    """pdf or jpg, by what it is rather than what it is called. Raises Refused."""
    if len(content) > MOST_BYTES:
        raise Refused("file_too_big", _("文书超过 10 MB，请压缩后再上传。"), field="document")
    found = next((name for start, name in _KINDS if content.startswith(start)), None)
    if found is None:
        raise Refused("not_a_paper", _("文书须是 PDF 或 JPG 文件，请扫描或拍照后上传。"), field="document")
    return found


def _place(row: models.Model, field: str) -> str:
    return f"{row._meta.label_lower}.{field}"


def key(row: models.Model, field: str) -> UUID:
    """Whose key in the vault the file is sealed under: nobody's but its own."""
    return uuid5(row.pk, field)


def seal(row: models.Model, field: str, content: bytes) -> None:
    """Put `content` into the field, readable only through its own key; saved by the caller."""
    vault().admit(key(row, field))
    setattr(row, field, vault().seal(key(row, field), _place(row, field), content))


def read(row: models.Model, field: str) -> bytes:
    """The file in full. Raises Refused when it is gone."""
    stored = getattr(row, field)
    try:
        if stored is not None:
            return vault().open(key(row, field), _place(row, field), bytes(stored))
    except Erased:
        pass
    raise Refused("export_gone", _("文件已销毁。如仍需要，请重新申请。"), status=410)


def destroy(row: models.Model, *fields: str) -> None:
    """Destroy these files' keys once this transaction holds: backups hold nothing that can be read."""
    keys = [key(row, field) for field in fields]
    transaction.on_commit(lambda: vault().erase(keys))
