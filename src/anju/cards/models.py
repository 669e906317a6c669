"""Cards that the property office has handed out."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from anju.cards.purposes import GATE_CARD
from anju.homes.models import CommunityModel
from anju.people.models import Person
from anju.privacy.declarations import Category, Declares, Personal
from anju.privacy.isolation import Isolation
from anju.privacy.masks import last_four
from anju.privacy.sealed import Sealed


class Card(CommunityModel):
    """A resident's card in a community where they live; one a person. A lost one is deleted."""

    privacy = Declares(
        subject="person_id",
        fields={"issued_at": Personal(Category.DEVICE, GATE_CARD, _("发卡时间"))},
    )
    isolation = Isolation(person="person_id")

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="cards", verbose_name=_("持卡人"))
    number = Sealed(Category.CREDENTIAL, purpose=GATE_CARD, title=_("门禁卡号"), mask=last_four, required=True)
    issued_at = models.DateTimeField(_("发卡时间"), auto_now=True)

    class Meta:
        verbose_name = _("门禁卡")
        verbose_name_plural = _("门禁卡")
        constraints = [models.UniqueConstraint(fields=["community", "person"], name="one_card_a_person")]
