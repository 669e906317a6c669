"""The payment password: six digits beside the account's own, and what guessing at it comes to."""

import re
from datetime import timedelta

from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.privacy import scope
from anju.privacy.refusals import Refused
from anju.wallet.models import Wallet

MOST_WRONG = 5
LOCKED = timedelta(hours=3)
_RUNS = ("01234567890", "09876543210")


def made(text: str) -> str:
    """The hash of a new one. Raises Refused for one that anybody would try first."""
    if not re.fullmatch(r"[0-9]{6}", text):
        raise Refused("bad_password", _("支付密码是 6 位数字。"), field="password")
    if len(set(text)) < 3 or any(text in run for run in _RUNS):
        raise Refused("weak_password", _("这个密码太容易被猜到，请不要用连续或重复的数字。"), field="password")
    return make_password(text)


def require(wallet: Wallet, text: str) -> None:
    """Raises Refused when it is wrong, or was wrong too often. Counted before it is looked at, so that guessing at once gains nothing."""
    with scope.person(wallet.person):
        with transaction.atomic():
            held = Wallet.objects.select_for_update(no_key=True).get(pk=wallet.pk)
            now = timezone.now()
            if held.locked_until and held.locked_until > now:
                at = timezone.localtime(held.locked_until).strftime("%H:%M")
                raise Refused(
                    "password_locked",
                    _("支付密码输错次数太多，请在 %(at)s 之后再试，或找回支付密码。") % {"at": at},
                    status=403,
                )
            held.wrong, held.locked_until = held.wrong + 1, None
            if held.wrong >= MOST_WRONG:
                held.locked_until, held.wrong = now + LOCKED, 0
            held.save(update_fields=["wrong", "locked_until"])
        if not check_password(text, held.password):
            left = MOST_WRONG - held.wrong if not held.locked_until else 0
            raise Refused(
                "password_wrong",
                _("支付密码不对，还可以试 %(left)s 次。") % {"left": left},
                status=403,
                field="password",
            )
        Wallet.objects.filter(pk=wallet.pk).update(wrong=0, locked_until=None)
