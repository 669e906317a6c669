"""The field for personal values: encrypted under the person's own key, masked unless opened on purpose."""

from typing import Any
from uuid import UUID

from django.db import models

from anju.privacy import masks
from anju.privacy.declarations import Category, Declares, Retention
from anju.privacy.purposes import Purpose
from anju.privacy.refusals import Text
from anju.privacy.vault import Erased, vault


class SealedValue:
    """A personal value. Printing, formatting or logging it shows the mask; only `open()` gives the value."""

    __slots__ = ("_field", "_plain", "_raw", "_subject")

    def __init__(self, field: "Sealed", subject: UUID, raw: bytes | None, plain: bytes | None) -> None:
        self._field = field
        self._subject = subject
        self._raw = raw
        self._plain = plain

    def open_bytes(self) -> bytes:
        """The value as bytes. Raises vault.Erased and vault.Broken."""
        if self._plain is None:
            self._plain = vault().open(self._subject, self._field.place, self._raw or b"")
        return self._plain

    def open(self) -> str:
        """The value as text. Raises vault.Erased and vault.Broken."""
        return self.open_bytes().decode()

    def sealed(self) -> bytes:
        if self._raw is None:
            self._raw = vault().seal(self._subject, self._field.place, self._plain or b"")
        return self._raw

    def masked(self) -> str:
        """What may be shown: the mask, or an empty text once the person is erased."""
        try:
            return self._field.mask(self.open())
        except Erased:
            return ""

    def __str__(self) -> str:
        return self.masked()

    def __repr__(self) -> str:
        return f"<sealed {self._field.place}>"


class _Slot:
    """The attribute on the model: takes text or bytes, gives a SealedValue or None."""

    def __init__(self, field: "Sealed") -> None:
        self._field = field

    def __get__(self, row: models.Model | None, owner: type[models.Model]) -> Any:  # Any: the slot itself on the class
        if row is None:
            return self
        name = self._field.attname
        if name not in row.__dict__:
            row.refresh_from_db(fields=[name])
        value = row.__dict__[name]
        if value is None or isinstance(value, SealedValue):
            return value
        subject = getattr(row, self._field.subject)
        if isinstance(value, str):
            made = SealedValue(self._field, subject, None, value.encode())
        elif isinstance(value, _Stored):
            made = SealedValue(self._field, subject, bytes(value), None)
        else:
            made = SealedValue(self._field, subject, None, bytes(value))
        row.__dict__[name] = made
        return made

    def __set__(self, row: models.Model, value: str | bytes | SealedValue | None) -> None:
        row.__dict__[self._field.attname] = value


class _Stored(bytes):
    """Bytes as they came from the database, to tell them from a value just assigned."""


class Sealed(models.BinaryField):  # type: ignore[type-arg]
    """A personal value at rest: ciphertext bound to its model, field and person.

    The model's `privacy.subject` names the attribute with the person's id, which must be set before the value is read or saved.
    """

    def __init__(
        self,
        category: Category | None = None,
        *,
        purpose: Purpose | None = None,
        title: Text = "",
        mask: masks.Mask = masks.hidden,
        retention: Retention = Retention.PURPOSE,
        required: bool = False,
        **options: Any,  # Any: Django's field options
    ) -> None:
        self.category = category
        self.purpose = purpose
        self.mask = mask
        self.retention = retention
        self.required = required
        options.setdefault("verbose_name", title or None)
        options.setdefault("editable", False)
        if not required:
            options.update(null=True, blank=True)
        super().__init__(**options)

    def deconstruct(self) -> Any:  # Any: as the parent's
        name, _, args, options = super().deconstruct()
        options.pop("editable", None)
        return name, "django.db.models.BinaryField", args, options

    def contribute_to_class(self, cls: type[models.Model], name: str, private_only: bool = False) -> None:
        super().contribute_to_class(cls, name, private_only)
        setattr(cls, name, _Slot(self))

    @property
    def place(self) -> str:
        """model.field, part of what the ciphertext is bound to."""
        return f"{self.model._meta.label_lower}.{self.name}"

    @property
    def subject(self) -> str:
        declares: Declares = self.model.privacy  # type: ignore[attr-defined]
        return declares.subject or "id"

    def from_db_value(self, value: bytes | memoryview | None, *_: Any) -> "_Stored | None":
        return None if value is None else _Stored(value)

    def pre_save(self, model_instance: models.Model, add: bool) -> bytes | None:
        del add
        value = getattr(model_instance, self.attname)
        return value.sealed() if isinstance(value, SealedValue) else None
