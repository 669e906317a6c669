"""Names in the API's description stand for one thing each: two enums of one name would silently become one."""

from collections import defaultdict
from collections.abc import Iterator
from enum import Enum
from typing import Any, get_args

from ninja import Schema

from anju.site import api


def _schemas(under: type[Schema] = Schema) -> Iterator[type[Schema]]:
    for one in under.__subclasses__():
        yield one
        yield from _schemas(one)


def _enums(annotation: Any) -> Iterator[type[Enum]]:  # Any: a field's annotation
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        yield annotation
    for part in get_args(annotation):
        yield from _enums(part)


def _mine(schema: type[Schema]) -> bool:
    return schema.__module__.startswith("anju.")


def test_no_two_enums_of_the_api_share_a_name() -> None:
    assert api.api is not None
    named: dict[str, set[str]] = defaultdict(set)
    for schema in filter(_mine, _schemas()):
        for field in schema.model_fields.values():
            for enum in _enums(field.annotation):
                named[enum.__name__].add(f"{enum.__module__}.{enum.__qualname__}")
    assert {name: places for name, places in named.items() if len(places) > 1} == {}


def test_no_two_schemas_of_the_api_share_a_name() -> None:
    named: dict[str, set[str]] = defaultdict(set)
    for schema in filter(_mine, _schemas()):
        named[schema.__name__].add(schema.__module__)
    assert {name: places for name, places in named.items() if len(places) > 1} == {}
