"""The public doors tests go through."""

from dataclasses import dataclass
from typing import Any

from django.test import Client

from anju.people.models import Person

API = "/api/v1"


@dataclass(frozen=True)
class Answer:
    """What came back. body: parsed JSON, None when there is none."""

    status: int
    body: Any  # JSON
    headers: dict[str, str]

    @property
    def code(self) -> str:
        """The refusal's code (problem+json)."""
        assert self.headers["Content-Type"].startswith("application/problem+json"), self.body
        return str(self.body["code"])


class Door:
    """The HTTP API as one person sees it."""

    def __init__(self, client: Client, language: str = "zh-hans") -> None:
        self.client = client
        self.language = language

    @classmethod
    def of(cls, person: Person, language: str = "zh-hans") -> "Door":
        """Signed in as this person."""
        client = Client()
        client.force_login(person)
        return cls(client, language)

    def _call(self, method: str, path: str, **options: Any) -> Answer:
        url = path if path.startswith("/_") else f"{API}{path}"
        answer = getattr(self.client, method)(url, headers={"Accept-Language": self.language}, **options)
        has_json = bool(answer.content) and "json" in answer.headers.get("Content-Type", "")
        return Answer(answer.status_code, answer.json() if has_json else None, dict(answer.headers))

    def get(self, path: str, **query: Any) -> Answer:
        return self._call("get", path, query_params=query)

    def post(self, path: str, body: Any = None) -> Answer:
        return self._call("post", path, data=body, content_type="application/json")

    def put(self, path: str, body: Any) -> Answer:
        return self._call("put", path, data=body, content_type="application/json")

    def patch(self, path: str, body: Any) -> Answer:
        return self._call("patch", path, data=body, content_type="application/json")

    def delete(self, path: str, body: Any = None) -> Answer:
        return self._call("delete", path, data=body, content_type="application/json")

    def send_files(self, path: str, **files: Any) -> Answer:
        """A multipart form."""
        return self._call("post", path, data=files)
