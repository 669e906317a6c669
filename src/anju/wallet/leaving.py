"""Nobody's account goes before their wallet is closed: what lies there would lie with nobody."""

from uuid import UUID

from django.utils.translation import gettext as _

from anju.partners.purposes import ACCOUNT
from anju.privacy import consent
from anju.privacy.refusals import Refused
from anju.wallet.queries import holds_money, is_open


@consent.before_erasure(ACCOUNT)
def require_empty(subject: UUID) -> None:
    """Raises Refused."""
    if is_open(subject) or holds_money(subject):
        text = _("您的钱包还没有关闭。请先把余额提现到您的银行卡，关闭钱包，再注销账号。")
        raise Refused("wallet_not_empty", text, status=409)
