"""Baidu's online speech synthesis (百度短文本在线合成). Only fixed sentences are sent."""

import time
from dataclasses import dataclass, field
from urllib.parse import quote_plus

import httpx

from anju.gate.speech import SpeechFailed

TOKENS = "https://aip.baidubce.com/oauth/2.0/token"
ADDRESS = "https://tsn.baidu.com/text2audio"
_WAV = 6
_BAD_TOKEN = 502
_EARLY = 3600.0
"""Seconds before its end at which a token is not used any more."""


@dataclass
class Baidu:
    """voice: the number of one of Baidu's voices. device: what tells this client from others, as Baidu asks for; not a person's."""

    api_key: str
    secret_key: str
    voice: int = 0
    device: str = "anju-gate"
    tokens: str = TOKENS
    address: str = ADDRESS
    _token: str = ""
    _until: float = field(default=float("-inf"))

    @property
    def name(self) -> str:
        return f"baidu-{self.voice}"

    async def wav(self, text: str, language: str) -> bytes:
        """`zh` speaks Chinese with English in it; there is no other. Raises SpeechFailed."""
        del language
        try:
            async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
                for fresh in (False, True):  # a token may be taken back before its time
                    answer = await self._ask(client, text, await self._access(client, fresh=fresh))
                    if answer.headers.get("content-type", "").startswith("audio/"):
                        return answer.content
                    if answer.json().get("err_no") != _BAD_TOKEN:
                        break
                raise SpeechFailed(f"baidu: {answer.json().get('err_no')}")
        except httpx.HTTPError as error:
            raise SpeechFailed("baidu does not answer") from error
        except (ValueError, AttributeError, KeyError, TypeError) as error:
            raise SpeechFailed("baidu: not understood") from error

    async def _ask(self, client: httpx.AsyncClient, text: str, token: str) -> httpx.Response:
        """The text is encoded twice, as Baidu asks for: once here and once by the form."""
        form = {
            "tex": quote_plus(text), "tok": token, "cuid": self.device, "ctp": "1", "lan": "zh",
            "per": str(self.voice), "aue": str(_WAV),
        }  # fmt: skip
        answer = await client.post(self.address, data=form)
        answer.raise_for_status()
        return answer

    async def _access(self, client: httpx.AsyncClient, *, fresh: bool) -> str:
        if fresh or time.monotonic() > self._until:
            asked = {"grant_type": "client_credentials", "client_id": self.api_key, "client_secret": self.secret_key}
            answer = await client.post(self.tokens, params=asked)
            answer.raise_for_status()
            said = answer.json()
            self._token = str(said["access_token"])
            self._until = time.monotonic() + float(said["expires_in"]) - _EARLY
        return self._token
