"""Two people at once: transactions that really commit, one held open while the other runs into it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction
from procrastinate.contrib.django.models import ProcrastinateJob

from anju.homes.models import Community
from anju.people.models import Person
from anju.privacy import scope


def overtaken(first: Callable[[], object], second: Callable[[], object]) -> BaseException | None:
    """Run `first`, and before it commits start `second`. Returns what `second` raised."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            with scope.request():
                second()
        except BaseException as error:  # noqa: BLE001  handed to the test
            raised.append(error)
        finally:
            connection.close()

    late = threading.Thread(target=run)
    with transaction.atomic():
        first()
        late.start()
        time.sleep(0.4)  # until it waits for us, or has done without
    late.join(20)
    assert not late.is_alive(), "they wait for each other"
    return raised[0] if raised else None


@contextmanager
def committed(blocker: Any) -> Iterator[None]:  # Any: pytest-django's own type
    """Rows made inside are everybody's to see, and gone afterwards; proofs stay, as they must."""
    with blocker.unblock(), scope.platform():
        try:
            yield
        finally:
            Community.objects.all().delete()
            Person.objects.all().delete()
            ProcrastinateJob.objects.filter(status="todo").update(status="cancelled")
            connection.close()
