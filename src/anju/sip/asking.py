"""What Kamailio and our own processes ask over loopback: a secret in a header, the question in the address, JSON back."""

import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import structlog
from django.db import close_old_connections

from anju.privacy import scope
from anju.sip import place

log = structlog.get_logger()
HEADER = place.HEADER
Asked = dict[str, str]
Said = dict[str, Any]  # Any: JSON
Questions = Mapping[str, Callable[[Asked], Said]]


def written(said: Said) -> bytes:
    return json.dumps(said).encode()


def answer(questions: Questions, path: str, query: str, secret: str) -> tuple[int, Said]:
    """The status and the answer. Who does not show the secret is told nothing; a question that fails, fails closed."""
    question = questions.get(path)
    if question is None or not hmac.compare_digest(secret.encode(), place.secret().encode()):
        return 403, {}
    try:
        with scope.request():
            close_old_connections()
            return 200, question(dict(parse_qsl(query)))
    except (KeyError, ValueError) as error:  # what makes no sense
        log.warning("sip_question", error=type(error).__name__)
        return 400, {}
    except Exception as error:  # noqa: BLE001  the asker goes on; the message may quote what was typed
        log.error("sip_desk", question=path, error=type(error).__name__)
        return 500, {}
