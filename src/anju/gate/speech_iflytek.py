"""iFlytek's online speech synthesis (讯飞在线语音合成, WebSocket API v2). Only fixed sentences are sent."""

import base64
import binascii
import hashlib
import hmac
import io
import json
import wave
from dataclasses import dataclass
from email.utils import formatdate
from urllib.parse import urlencode, urlsplit

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from anju.gate.speech import SpeechFailed

ADDRESS = "wss://tts-api.xfyun.cn/v2/tts"
RATE = 16_000
"""Samples a second; 16 bits, one channel."""
_LAST = 2


@dataclass(frozen=True)
class Iflytek:
    """voice: one of the voices that the account has, such as xiaoyan."""

    app_id: str
    api_key: str
    api_secret: str
    voice: str = "xiaoyan"
    address: str = ADDRESS

    @property
    def name(self) -> str:
        return f"iflytek-{self.voice}"

    def signed(self, date: str) -> str:
        """The address with the signature that lets us in. date: RFC 1123; the server takes it five minutes either side."""
        parts = urlsplit(self.address)
        origin = f"host: {parts.netloc}\ndate: {date}\nGET {parts.path} HTTP/1.1"
        signature = base64.b64encode(hmac.new(self.api_secret.encode(), origin.encode(), hashlib.sha256).digest())
        said = (
            f'api_key="{self.api_key}", algorithm="hmac-sha256", headers="host date request-line", '
            f'signature="{signature.decode()}"'
        )
        query = {"authorization": base64.b64encode(said.encode()).decode(), "date": date, "host": parts.netloc}
        return f"{self.address}?{urlencode(query)}"

    def request(self, text: str) -> str:
        """What is asked for."""
        return json.dumps(
            {
                "common": {"app_id": self.app_id},
                "business": {"aue": "raw", "auf": f"audio/L16;rate={RATE}", "vcn": self.voice, "tte": "utf8"},
                "data": {"status": _LAST, "text": base64.b64encode(text.encode()).decode()},
            }
        )

    async def wav(self, text: str, language: str) -> bytes:
        """One voice speaks both languages. Raises SpeechFailed."""
        del language
        sound = bytearray()
        try:
            async with connect(self.signed(formatdate(usegmt=True)), proxy=None, open_timeout=5) as socket:
                await socket.send(self.request(text))
                async for message in socket:
                    said = json.loads(message)
                    if said["code"] != 0:
                        raise SpeechFailed(f"iflytek: {said['code']}")
                    sound += base64.b64decode(said["data"]["audio"])
                    if said["data"]["status"] == _LAST:
                        return _wav(bytes(sound))
        except (WebSocketException, OSError, TimeoutError) as error:
            raise SpeechFailed("iflytek does not answer") from error
        except (ValueError, KeyError, TypeError, binascii.Error) as error:
            raise SpeechFailed("iflytek: not understood") from error
        raise SpeechFailed("iflytek hung up")


def _wav(samples: bytes) -> bytes:
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples)
    return made.getvalue()
