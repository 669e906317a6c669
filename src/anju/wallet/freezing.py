"""Staff stop a wallet, and let it go on: its holder is told why, and can always withdraw to their own card."""

from django.db import transaction
from django.utils.translation import gettext as _

from anju.notices import actions as notices
from anju.notices.models import NoticeKind
from anju.people.models import Person
from anju.privacy import audit, scope
from anju.privacy.models import AuditEntry
from anju.privacy.refusals import Refused
from anju.wallet.models import Wallet, WalletState


def freeze(staff: Person, person: Person, why: str) -> None:
    """Nothing goes out any more but to the holder's own card. Raises Refused."""
    _change(staff, person, why, WalletState.OPEN, WalletState.FROZEN)


def unfreeze(staff: Person, person: Person, why: str) -> None:
    """It goes on. Raises Refused."""
    _change(staff, person, why, WalletState.FROZEN, WalletState.OPEN)


@transaction.atomic
def _change(staff: Person, person: Person, why: str, before: WalletState, after: WalletState) -> None:
    why = why.strip()
    if not 4 <= len(why) <= 200:
        raise Refused("bad_reason", _("请写明理由（4 到 200 个字）。"), field="why")
    if person.pk == staff.pk:
        raise Refused("own_wallet", _("不能处理自己的钱包，请交给同事。"), status=403)
    with scope.platform():
        found = Wallet.objects.select_for_update().filter(pk=person.pk, state=before).first()
        if found is None:
            raise Refused("wallet_state", _("这位住户没有这种状态的钱包，请刷新页面。"), status=409)
        found.state = after
        found.save(update_fields=["state"])
        audit.record(AuditEntry.Action.DECIDE, found, actor=staff.pk, subject=person.pk, reason=f"wallet_{after}")
    with notices.language_of(person):
        if after is WalletState.FROZEN:
            title, text = _("钱包已冻结"), _("您的钱包已被冻结，余额仍可提现到您的银行卡。原因：%(why)s")
        else:
            title, text = _("钱包已恢复"), _("您的钱包可以继续使用了。说明：%(why)s")
        notices.tell(person, NoticeKind.WALLET, title, text % {"why": why})
