"""A receipt as a PDF to keep."""

from django.utils import timezone
from django.utils.translation import gettext as _

from anju.billing import returning
from anju.billing.models import Allocation, Receipt
from anju.partners.paying import yuan
from anju.privacy import pdf
from anju.privacy.blocks import Block, Heading, Paragraph, table


def write(receipt: Receipt) -> bytes:
    """Of a receipt whose home and community are read along. No name stands on it: the home and the number do."""
    rows = Allocation.objects.filter(receipt=receipt).select_related("bill__item").order_by("bill__period")
    lines = [
        (str(one.bill.item), f"{one.bill.period:%Y-%m} – {one.bill.ends:%Y-%m}", yuan(one.principal), yuan(one.late))
        for one in rows
    ]
    if receipt.rest:
        lines.append((_("预存"), "", yuan(receipt.rest), yuan(0)))
    facts = {"number": str(receipt), "at": timezone.localtime(receipt.at).strftime("%Y-%m-%d %H:%M")}
    content: list[Block] = [
        Heading(1, _("收据")),
        Paragraph(f"{receipt.community.name}　{receipt.home.label}"),
        Paragraph(_("收据号 %(number)s　%(at)s") % facts + f"　{receipt.get_method_display()}"),
        table((_("项目"), _("账期"), _("本金（元）"), _("滞纳金（元）")), lines),
        Paragraph(_("合计 %(amount)s 元") % {"amount": yuan(receipt.amount)}),
    ]
    if back := returning.backs([receipt]).get(receipt.pk):
        content.append(Paragraph(str(returning.TEXTS[back])))
    content.append(Paragraph(_("本收据由系统出具，不作发票使用；需要发票时请联系物业。")))
    return pdf.write(content, f"{receipt.community.name} · {receipt}")
