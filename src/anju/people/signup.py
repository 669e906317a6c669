"""What a person agrees to when they sign up."""

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from anju.partners.purposes import ACCOUNT
from anju.people.models import Person
from anju.privacy import consent


class AgreementForm(forms.Form):
    """`account_version`: the version of the account purpose that was on the screen when the box was ticked."""

    account_version = forms.IntegerField(error_messages={"required": _("请先阅读并勾选同意“注册与登录”说明。")})

    def clean_account_version(self) -> int:
        version: int = self.cleaned_data["account_version"]
        if version != ACCOUNT.version:
            raise forms.ValidationError(_("说明内容已更新，请重新阅读后再同意。"))
        return version

    def signup(self, request: HttpRequest, user: Person) -> None:
        """Called by allauth once the account row exists."""
        del request
        consent.grant(user.pk, ACCOUNT, version=ACCOUNT.version)
