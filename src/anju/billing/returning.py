"""What becomes of the money of receipts that were taken back, and who is told."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anju.billing.models import Receipt
from anju.notices import actions as notices
from anju.notices.models import NoticeKind
from anju.partners.paying import yuan
from anju.payments.models import Refund, RefundState
from anju.people.models import Person
from anju.privacy.refusals import Text

REASON = "receipt_returned"


class Back(TextChoices):
    """Where the money is."""

    UNDER_WAY = "under_way", gettext_lazy("退款中")
    DONE = "done", gettext_lazy("已退款")
    DECLINED = "declined", gettext_lazy("退款未成")


TEXTS: dict[Back, Text] = {
    Back.UNDER_WAY: gettext_lazy("此收据已作废，款项正在原路退回。"),
    Back.DONE: gettext_lazy("此收据已退款作废。"),
    Back.DECLINED: gettext_lazy("此收据已作废。支付机构没有退成，物业会与您联系，改用其他方式退还。"),
}


def backs(receipts: Collection[Receipt]) -> dict[UUID, Back]:
    """Of those that were taken back, where their money is. What the desk gave back is back at once."""
    returned = [one for one in receipts if one.returned_at is not None]
    refunds = Refund.objects.filter(payment__in=[one.payment for one in returned if one.payment], reason=REASON)
    latest = dict(refunds.order_by("at", "pk").values_list("payment", "state"))
    return {one.pk: _back(latest.get(one.payment)) if one.payment else Back.DONE for one in returned}


def _back(state: str | None) -> Back:
    if state == RefundState.FAILED:
        return Back.DECLINED
    return Back.DONE if state is None or state in Refund.BACK else Back.UNDER_WAY


def tell(refund: Refund) -> None:
    """Whoever paid hears what became of a refund of fees, inside the transaction that books it."""
    notices.announce(f"community.{refund.community_id}", "fees", {"refund": str(refund.pk)})
    person = Person.objects.filter(pk=refund.payer).first()
    if person is None:
        return
    with notices.language_of(person):
        facts = {"amount": yuan(refund.amount)}
        title, body = _("已退款"), _("您缴的 %(amount)s 元已原路退回。") % facts
        if refund.state == RefundState.OTHER:
            body = _("应退给您的 %(amount)s 元，物业已另行退还。如有疑问，请到物业收费处核对。") % facts
        elif refund.state == RefundState.FAILED:
            title = _("退款没有成功")
            body = _("应退给您的 %(amount)s 元，支付机构没有退成。物业会与您联系，改用其他方式退还。") % facts
        notices.tell(person, NoticeKind.FEES, title, body)
