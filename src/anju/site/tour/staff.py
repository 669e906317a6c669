"""A member of staff at the console, in a browser: pages, forms, a second factor."""

import re
from dataclasses import dataclass, field
from typing import Any

import httpx

from anju.site.demo import code_now
from anju.site.tour.resident import Unexpected

_ROW = re.compile(r"/console/outbox/([0-9a-f-]{36})/read/")
_CODE = re.compile(r"验证码\s*(\d{6})")


@dataclass
class Staff:
    """sign_in: phone, password and totp secret, as in var/demo.json."""

    front: str
    sign_in: dict[str, Any]  # JSON
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = httpx.Client(
            base_url=self.front, timeout=30, follow_redirects=True, headers={"Accept-Language": "zh-hans"}
        )

    def page(self, path: str) -> str:
        answer = self.http.get(path)
        if answer.status_code != 200:
            raise Unexpected(f"{path}: {answer.status_code}")
        return answer.text

    def submit(self, path: str, **form: str) -> httpx.Response:
        """Send a form as the page would."""
        token = self.http.cookies.get("csrftoken") or ""
        return self.http.post(
            path, data={"csrfmiddlewaretoken": token, **form}, headers={"Referer": f"{self.front}{path}"}
        )

    def enter(self) -> None:
        """Sign in with a password and the second factor. Raises Unexpected when a password alone is enough."""
        self.page("/console/account/login/")
        self.submit("/console/account/login/", login=self.sign_in["phone"], password=self.sign_in["password"])
        if "/console/account/" not in str(self.http.get("/console/").url):
            raise Unexpected("the console opened without a second factor")
        self.page("/console/account/2fa/authenticate/")
        code = code_now(self.sign_in["totp"])
        done = self.submit("/console/account/2fa/authenticate/", code=code)
        if done.url.path != "/console/":
            raise Unexpected(f"the second factor led to {done.url.path}: {done.status_code}")

    def code_for(self, phone: str) -> str:
        """Read the newest text message to this phone in the outbox, as staff do who pass codes on."""
        for message in _ROW.findall(self.page("/console/outbox/rows/")):
            text = self.submit(f"/console/outbox/{message}/read/").text
            if found := _CODE.search(text):
                return found[1]
        raise Unexpected(f"no code for ****{phone[-4:]} in the outbox")

    def review(self, application: str) -> str:
        """The review page, everything masked."""
        return self.page(f"/console/reviews/{application}/")

    def reveal(self, application: str, name: str, reason: str) -> str:
        """The review page with one field in full."""
        return self.submit(f"/console/reviews/{application}/reveal/", field=name, reason=reason).text

    def decide(self, application: str, *, approve: bool, reason: str = "") -> None:
        decision = "approve" if approve else "refuse"
        answer = self.submit(f"/console/reviews/{application}/decide/", decision=decision, reason=reason)
        if answer.status_code != 200:
            raise Unexpected(f"decide: {answer.status_code}")
