"""Opening a wallet with its first card, binding more, unbinding, finding a lost password, closing."""

import re
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.partners.lianlian import Holder
from anju.partners.purposes import WALLET
from anju.people import id_number as id_numbers
from anju.people.models import Person, RealName
from anju.people.purposes import REAL_NAME
from anju.privacy import consent, scope
from anju.privacy.gateway import NotDelivered
from anju.privacy.models import new_id
from anju.privacy.refusals import Refused
from anju.wallet import books, password
from anju.wallet.models import Asked, Binding, Card, Movement, Wallet, WalletState
from anju.wallet.moving import CUSTODIAN
from anju.wallet.queries import holds_money

MOST_CARDS = 10
BANKS = {
    "01020000": "工商银行", "01030000": "农业银行", "01040000": "中国银行", "01050000": "建设银行", "03010000": "交通银行",
    "03020000": "中信银行", "03030000": "光大银行", "03040000": "华夏银行", "03050000": "民生银行", "03060000": "广发银行",
    "03080000": "招商银行", "03090000": "兴业银行", "03100000": "浦发银行", "01000000": "邮储银行", "04100000": "平安银行",
}  # fmt: skip
"""How the institution codes the banks that most people have."""


@dataclass(frozen=True)
class Claimed:
    """Whom somebody says they are."""

    name: str
    id_number: str


def claim(name: str, number: str) -> Claimed:
    """Raises Refused."""
    name = name.strip()
    if not 2 <= len(name) <= 40:
        raise Refused("name_form", _("请填写姓名（2 到 40 个字）。"), field="name")
    return Claimed(name, id_numbers.parse(number))


def offered() -> bool:
    """Whether this installation has a contract with a custodian."""
    return CUSTODIAN.recipient.address() is not None


def _require_offered() -> None:
    if not offered():
        raise Refused(
            "no_custodian", _("本小区没有开通钱包服务：住户的钱不能存放在平台，缴费请用其他方式。"), status=409
        )


def _luhn(number: str) -> bool:
    digits = [int(one) for one in reversed(number)]
    return sum(one if at % 2 == 0 else sum(divmod(one * 2, 10)) for at, one in enumerate(digits)) % 10 == 0


def card_number(text: str) -> str:
    """Raises Refused."""
    number = re.sub(r"[\s-]", "", text)
    if not re.fullmatch(r"[0-9]{13,19}", number) or not _luhn(number):
        raise Refused("bad_card", _("卡号不正确，请对照银行卡重新填写。"), field="card")
    return number


def phone_number(text: str) -> str:
    """Eleven digits, as banks write it. Raises Refused."""
    number = re.sub(r"[\s-]", "", text).removeprefix("+86")
    if not re.fullmatch(r"1[3-9][0-9]{9}", number):
        raise Refused("bad_phone", _("请填写银行预留的手机号。"), field="phone")
    return number


def unreachable() -> Refused:
    return Refused("institution_unreachable", _("暂时连不上支付机构，没有动用您的钱。请稍后再试。"), status=503)


def apply(person: Person, card: str, phone: str, claimed: Claimed | None = None) -> str:
    """Ask the institution for an account; the bank sends a code. claimed: of somebody whose name nobody has checked yet: the bank does.

    Returns the application's number. Raises Refused.
    """
    _require_offered()
    consent.require(person.pk, WALLET)
    if Wallet.objects.filter(pk=person.pk).exclude(state=WalletState.CLOSED).exists():
        raise _already_open()
    if claimed is not None:
        consent.require(person.pk, REAL_NAME)
        holder = Holder(claimed.name, claimed.id_number, card_number(card), phone_number(phone))
    else:
        holder = _holder(person, card_number(card), phone_number(phone))
    number = new_id().hex
    try:
        token = CUSTODIAN.open(person.pk, number, holder)
    except NotDelivered as error:
        raise unreachable() from error
    except Refused:
        waiting = Binding.objects.filter(pk=person.pk, asked=Asked.OPEN).exclude(password="").first()
        if waiting is not None and _exists(person):
            _adopt(person, waiting)
            raise _already_open() from None
        raise
    _wait(person, number, token, Asked.OPEN, holder.card[-4:])
    return number


def _already_open() -> Refused:
    return Refused("wallet_open", _("您已经开通了钱包。"), status=409)


def _exists(person: Person) -> bool:
    """Whether the institution has an account of this person: an answer to what opened it may have been lost."""
    try:
        return bool(CUSTODIAN.cards(person.pk))
    except (Refused, NotDelivered):
        return False


def _holder(person: Person, card: str, phone: str) -> Holder:
    known = RealName.objects.filter(pk=person.pk).first()
    if known is None:
        raise Refused("real_name_needed", _("请填写您的姓名和身份证号，由银行核对。"), status=409)
    return Holder(known.name.open(), known.id_number.open(), card, phone)


def _wait(person: Person, number: str, token: str, asked: Asked, last4: str = "") -> None:
    facts = {"number": number, "token": token, "asked": asked, "last4": last4}
    Binding.objects.update_or_create(person=person.pk, defaults=facts)


def _waiting(person: Person, asked: Asked) -> Binding:
    found = Binding.objects.filter(pk=person.pk, asked=asked).first()
    if found is None:
        raise Refused("no_application", _("请先获取验证码。"), status=409)
    return found


def opened(person: Person, code: str, secret: str, number: str, claimed: Claimed | None = None) -> Wallet:
    """The bank's code, and the payment password to be. number: of the application that this browser made; claimed: what it was given,
    which the bank has found right. Raises Refused.
    """
    consent.require(person.pk, WALLET)
    hashed = password.made(secret)
    waiting = _waiting(person, Asked.OPEN)
    if waiting.number != number:
        raise Refused("no_application", _("银行卡信息已在别处重新提交，请重新获取验证码。"), status=409)
    before, waiting.password = waiting.password, hashed
    waiting.save(update_fields=["password"])  # what the institution is told, in case its answer is lost
    try:
        CUSTODIAN.opened(person.pk, waiting.number, waiting.token, code.strip(), secret)
    except NotDelivered as error:
        raise unreachable() from error
    except Refused:
        if not before or not _exists(person):
            raise
        waiting.password = before  # it was opened with the password of then
    return _adopt(person, waiting, claimed)


def _adopt(person: Person, waiting: Binding, claimed: Claimed | None = None) -> Wallet:
    """The institution has the account: it is mirrored from now on."""
    with transaction.atomic():
        made, _new = Wallet.objects.update_or_create(
            person=person.pk,
            defaults={
                "account": books.wallet(person.pk), "state": WalletState.OPEN, "password": waiting.password, "wrong": 0,
                "locked_until": None, "closed_at": None, "password_at": timezone.now(),
            },
        )  # fmt: skip
        waiting.delete()
        if claimed is not None:
            facts = {"name": claimed.name, "id_number": claimed.id_number}
            RealName.objects.update_or_create(person=person, defaults=facts)
    refresh_cards(person.pk)
    return made


def bind(person: Person, wallet: Wallet, card: str, phone: str, secret: str) -> None:
    """Another card of the same holder; the bank sends a code. Raises Refused."""
    if Card.objects.filter(person=person.pk).count() >= MOST_CARDS:
        raise Refused("too_many_cards", _("最多绑定 %(most)s 张银行卡。") % {"most": MOST_CARDS}, status=409)
    number, reserved = card_number(card), phone_number(phone)
    password.require(wallet, secret)
    name = new_id().hex
    try:
        token = CUSTODIAN.bind(person.pk, name, number, reserved, secret)
    except NotDelivered as error:
        raise unreachable() from error
    _wait(person, name, token, Asked.BIND, number[-4:])


def bound(person: Person, code: str) -> None:
    """The bank's code for another card. Raises Refused."""
    waiting = _waiting(person, Asked.BIND)
    try:
        CUSTODIAN.bound(person.pk, waiting.number, waiting.token, code.strip())
    except NotDelivered as error:
        raise unreachable() from error
    waiting.delete()
    refresh_cards(person.pk)


def refresh_cards(person: UUID) -> None:
    """The cards as the institution has them: by agreement and last four digits."""
    try:
        linked = CUSTODIAN.cards(person)
    except NotDelivered as error:
        raise unreachable() from error
    with scope.person(person), transaction.atomic():
        for one in linked:
            facts = {"bank": BANKS.get(one.bank, one.bank), "last4": one.number[-4:]}
            Card.objects.update_or_create(person=person, agreement=one.agreement, defaults=facts)
        Card.objects.filter(person=person).exclude(agreement__in=[one.agreement for one in linked]).delete()


def unbind(person: Person, wallet: Wallet, card: Card, secret: str) -> None:
    """A card goes there and here. Raises Refused."""
    password.require(wallet, secret)
    if Movement.objects.filter(person=person.pk, card=card.last4, state__in=Movement.OPEN).exists():
        raise Refused("card_busy", _("这张卡还有一笔款项在处理，请等它完成后再解绑。"), status=409)
    try:
        CUSTODIAN.unbind(person.pk, new_id().hex, card.agreement, secret)
    except NotDelivered as error:
        raise unreachable() from error
    card.delete()


def find_password(person: Person) -> None:
    """The payment password is lost: the bank sends a code. Raises Refused."""
    try:
        token = CUSTODIAN.find_password(person.pk)
    except NotDelivered as error:
        raise unreachable() from error
    _wait(person, new_id().hex, token, Asked.PASSWORD)


def found_password(person: Person, wallet: Wallet, code: str, secret: str) -> None:
    """A new payment password by the bank's code. Raises Refused."""
    hashed = password.made(secret)
    waiting = _waiting(person, Asked.PASSWORD)
    try:
        CUSTODIAN.found_password(person.pk, waiting.token, code.strip(), secret)
    except NotDelivered as error:
        raise unreachable() from error
    waiting.delete()
    wallet.password, wallet.password_at = hashed, timezone.now()
    wallet.wrong, wallet.locked_until = 0, None
    wallet.save(update_fields=["password", "password_at", "wrong", "locked_until"])


def close(person: Person, wallet: Wallet, secret: str) -> None:
    """Nothing of it stays open there, and its cards go with it. Raises Refused while anything lies on it or is being worked on."""
    if wallet.state == WalletState.FROZEN:
        raise Refused("wallet_frozen", _("钱包已冻结，目前只能提现到您的银行卡。如有疑问，请联系物业。"), status=403)
    password.require(wallet, secret)
    if holds_money(person.pk):
        text = _("钱包或红包里还有余额，或者有款项在处理。请先提现，或等待完成。")
        raise Refused("wallet_not_empty", text, status=409)
    asked_before = wallet.state == WalletState.CLOSING
    wallet.state = WalletState.CLOSING
    wallet.save(update_fields=["state"])
    try:
        linked = [] if asked_before else CUSTODIAN.cards(person.pk)
        own = (person.phone.open() if person.phone else "").removeprefix("+86")
        holder = _holder(person, "", linked[0].phone if linked else own)
        CUSTODIAN.close_account(person.pk, new_id().hex, holder, secret)
    except NotDelivered as error:
        raise unreachable() from error
    except Refused:
        if not asked_before:
            wallet.state = WalletState.OPEN
            wallet.save(update_fields=["state"])
            raise
        # Asked before without an answer, and declined now: there is none any more.
    with transaction.atomic():
        Card.objects.filter(person=person.pk).delete()
        wallet.state, wallet.closed_at, wallet.password = WalletState.CLOSED, timezone.now(), ""
        wallet.save(update_fields=["state", "closed_at", "password"])
