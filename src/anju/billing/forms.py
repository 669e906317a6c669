"""Forms that say what is wrong with an item, a price, a meter or a reading."""

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminTextInputWidget

from anju.billing.models import Basis, Bill, FeeItem, Meter, Reading, Tariff
from anju.billing.readings import Contradiction, contradicts, counted_to
from anju.privacy.refusals import Refused
from anju.rentals.photos import made_anew

MOST_PICTURE = 12_000_000
"""Bytes that are read of a picture; a longer one is cut short and so refused."""


class FeeItemForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = FeeItem
        fields = ("community", "name", "basis", "months", "due_days", "homes", "parking")

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        community, homes = said.get("community") or self.instance.community, said.get("homes")
        if homes is not None and homes.exclude(community=community).exists():
            self.add_error("homes", _("只能选择同一小区的房屋。"))
        basis = said.get("basis") or self.instance.basis
        if said.get("parking") and basis != Basis.FIXED:
            self.add_error("parking", _("月租停车请选择“每户定额”，价格填每月单价。"))
        return said


class TariffForm(forms.ModelForm):  # type: ignore[type-arg]
    """Steps are typed as `180:2.07 260:4.07 6.07`: up to so many units a year, and the price of what is above."""

    steps = forms.CharField(
        label=gettext_lazy("阶梯"),
        required=False,
        max_length=200,
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "180:2.07 260:4.07 6.07"}),
        help_text=gettext_lazy("仅阶梯计价填写：每年用量上限:单价，最后一档只写单价"),
    )

    class Meta:
        model = Tariff
        fields = ("item", "since", "price")

    def __init__(self, *args: Any, **options: Any) -> None:  # Any: Django's form arguments
        super().__init__(*args, **options)
        if self.instance.pk:
            told = (f"{upto}:{price}" if upto else price for upto, price in self.instance.tiers)
            self.fields["steps"].initial = " ".join(told)

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        item = said.get("item") or (self.instance.item if self.instance.item_id else None)
        if item is not None and item.basis == Basis.TIERED:
            try:
                self.instance.tiers = _steps(said.get("steps", ""))
            except ValueError:
                self.add_error("steps", _("请按“180:2.07 260:4.07 6.07”填写，用量从小到大，最后一档不写上限。"))
        since = said.get("since")
        if item is not None and since is not None and _is_billed(item, since):
            self.add_error("since", _("这一天之后的账期已经出账，请从下一个账期开始调价。"))
        return said


def _steps(text: str) -> list[list[str]]:
    """Raises ValueError."""
    found: list[list[str]] = []
    for one in text.split():
        upto, _colon, price = one.rpartition(":")
        try:
            Decimal(price), Decimal(upto or 0)
        except InvalidOperation as error:
            raise ValueError(one) from error
        if not Decimal(price).is_finite() or not Decimal(upto or 0).is_finite() or Decimal(price) < 0:
            raise ValueError(one)
        found.append([upto, price])
    ends = [Decimal(upto) for upto, _price in found[:-1] if upto]
    if len(found) < 2 or found[-1][0] or len(ends) != len(found) - 1 or ends != sorted(set(ends)) or ends[0] <= 0:
        raise ValueError(text)
    return found


def _is_billed(item: FeeItem, since: Any) -> bool:  # Any: a form's cleaned date
    billed = Bill.objects.filter(item=item, period__gte=since)
    return billed.exclude(state__in=Bill.UNASKED).exists()


class MeterForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Meter
        fields = ("item", "home", "serial")

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        item, home = said.get("item"), said.get("home")
        if item is not None and home is not None and item.community_id != home.community_id:
            self.add_error("home", _("只能选择同一小区的房屋。"))
        serial, of = said.get("serial"), item.pk if item is not None else self.instance.item_id
        if serial and Meter.objects.filter(item=of, serial=serial).exclude(pk=self.instance.pk).exists():
            self.add_error("serial", _("这个收费项目已有同号的表。"))
        return said


class ReadingForm(forms.ModelForm):  # type: ignore[type-arg]
    """With a picture of the dial, where there is one: on a phone the camera takes it."""

    picture = forms.FileField(
        label=gettext_lazy("表盘照片"),
        required=False,
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": "image/*", "capture": "environment"}),
        help_text=gettext_lazy("只拍表盘，不要拍到人和门牌；保存半年，供住户核对"),
    )

    class Meta:
        model = Reading
        fields = ("meter", "day", "value", "start")

    def clean_picture(self) -> bytes | None:
        found = self.cleaned_data["picture"]
        if not found:
            return None
        try:
            return made_anew(found.read(MOST_PICTURE + 1))
        except Refused as refused:
            raise forms.ValidationError(str(refused.message)) from refused

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        meter = said.get("meter") or (self.instance.meter if self.instance.meter_id else None)
        day, value = said.get("day"), said.get("value")
        if meter is None or day is None or value is None:
            return said
        if not self.instance._state.adding and _is_counted(meter, self.instance.day):
            self.add_error("value", _("这个读数已计入账单，不能修改；请用下一次抄表更正。"))
        others = Reading.objects.filter(meter=meter).exclude(pk=self.instance.pk)
        before = others.filter(day__lt=day).order_by("-day").first()
        after = others.filter(day__gt=day).order_by("day").first()
        wrong = contradicts(value, None if said.get("start") else before, after)
        if wrong == Contradiction.BELOW_BEFORE and before is not None:
            self.add_error(
                "value", _("比上次读数 %(value)s 小；换了新表时请勾选“新表起度”。") % {"value": before.value}
            )
        if wrong == Contradiction.ABOVE_AFTER and after is not None:
            self.add_error("value", _("比之后的读数 %(value)s 大，请核对。") % {"value": after.value})
        return said


def _is_counted(meter: Meter, day: date) -> bool:
    """Whether a bill that was asked for reaches up to this day's reading."""
    bills = Bill.objects.filter(item=meter.item_id, home=meter.home_id).exclude(state__in=Bill.UNASKED)
    return any(counted >= day for counted in counted_to(bills).values())
