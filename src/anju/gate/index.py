"""The grants a gate knows, found by what somebody shows: a grant, a phone's key, a plate's or card's tag."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TypeVar
from uuid import UUID

from anju.grants.grant import Grant

Name = TypeVar("Name", UUID, str)


class Index:
    """In memory. One key or tag may stand for several grants: one holder's rights from several sources, or several holders'."""

    def __init__(self, grants: Iterable[Grant]) -> None:
        self._grants: dict[UUID, Grant] = {}
        self._by_holder: defaultdict[UUID, dict[UUID, Grant]] = defaultdict(dict)
        self._by_key: defaultdict[UUID, dict[UUID, Grant]] = defaultdict(dict)
        self._by_mark: defaultdict[str, dict[UUID, Grant]] = defaultdict(dict)
        for grant in grants:
            self.put(grant)

    def __len__(self) -> int:
        return len(self._grants)

    def __iter__(self) -> Iterator[Grant]:
        return iter(self._grants.values())

    def get(self, grant: UUID) -> Grant | None:
        return self._grants.get(grant)

    def put(self, grant: Grant) -> None:
        """Know this grant, in place of what was known under its id."""
        self.drop(grant.id)
        self._grants[grant.id] = grant
        self._by_holder[grant.holder][grant.id] = grant
        for key in grant.keys:
            self._by_key[key][grant.id] = grant
        for mark in grant.marks:
            self._by_mark[mark][grant.id] = grant

    def drop(self, grant_id: UUID) -> None:
        """Know it no more."""
        grant = self._grants.pop(grant_id, None)
        if grant is None:
            return
        self._without(self._by_holder, grant.holder, grant_id)
        for key in grant.keys:
            self._without(self._by_key, key, grant_id)
        for mark in grant.marks:
            self._without(self._by_mark, mark, grant_id)

    @staticmethod
    def _without(index: dict[Name, dict[UUID, Grant]], name: Name, grant_id: UUID) -> None:
        index[name].pop(grant_id, None)
        if not index[name]:
            del index[name]

    def of_holder(self, holder: UUID) -> list[Grant]:
        """All rights of one person, who has a right from each of several sources."""
        return list(self._by_holder.get(holder, {}).values())

    def with_key(self, key: UUID) -> list[Grant]:
        """The rights of whoever holds this phone's key."""
        return list(self._by_key.get(key, {}).values())

    def with_mark(self, tag: str) -> list[Grant]:
        """The rights that this tag stands for. A gate that was not told its key yet has no tags: nothing stands for anybody."""
        if not tag:
            return []
        return list(self._by_mark.get(tag, {}).values())
