"""Runs inside a scratch system: how long a big community's bills and a big day's statement take. Prints one JSON object.

python -m benchmarks.billing NUMBERS    (a file with the numbers of orders that an institution lists for today)
"""

import json
import sys
import time
from datetime import date
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import django

django.setup()

from django.utils import timezone  # noqa: E402  Django must be set up first

from anju.billing import runs  # noqa: E402
from anju.billing.models import Basis, FeeItem, Run, Tariff  # noqa: E402
from anju.homes.models import Community  # noqa: E402
from anju.partners.paying import CHINA  # noqa: E402
from anju.payments import reconciliation  # noqa: E402
from anju.payments.models import Difference, Payment, PaymentState, Through  # noqa: E402
from anju.people.models import Person  # noqa: E402
from anju.privacy import scope  # noqa: E402
from anju.privacy.models import new_id  # noqa: E402
from anju.site.demo import build_homes  # noqa: E402

HOMES = 20_000
PERIOD = date(2026, 11, 1)
AMOUNT = 28_500


def _bill() -> tuple[float, float, int]:
    """Seconds until the draft is there, and until it is issued; bills."""
    with scope.platform():
        community = Community.objects.create(name="基准小区", city="济南", address="1 号")
        build_homes(community, HOMES)
        item = FeeItem.objects.create(community=community, name="物业费", basis=Basis.AREA)
        Tariff.objects.create(community=community, item=item, since=date(2026, 1, 1), price=Decimal("2.85"))
        operator = Person.objects.filter(is_superuser=True).first()
        assert operator is not None
        run = runs.ask(operator, item, PERIOD)
        began = time.perf_counter()
        runs.count(run.pk)
        counted = time.perf_counter() - began
        runs.issue(operator, Run.objects.get(pk=run.pk))
        return counted, time.perf_counter() - began, run.bills.count()


def _compare(numbers: list[str]) -> tuple[float, int, int]:
    """Seconds from asking for the statement to its last line compared; lines; differences."""
    now = timezone.now()
    with scope.platform():
        community = Community.objects.first()
        assert community is not None
        Payment.objects.bulk_create(
            [
                Payment(
                    id=new_id(), community=community, payer=uuid4(), through=Through.WECHAT_PAY, number=number,
                    amount=AMOUNT, title="物业费", kind="fees", thing=uuid4(), state=PaymentState.PAID, until=now,
                    paid_at=now,
                )
                for number in numbers
            ],
            batch_size=5000,
        )  # fmt: skip
    began = time.perf_counter()
    found = reconciliation.compare(Through.WECHAT_PAY, now.astimezone(CHINA).date())
    took = time.perf_counter() - began
    with scope.platform():
        return took, found.lines, Difference.objects.count()


def main() -> None:
    numbers = Path(sys.argv[1]).read_text().split()
    counted, issued, bills = _bill()
    took, lines, differences = _compare(numbers)
    print(
        json.dumps(
            {"counted": counted, "issued": issued, "bills": bills, "took": took, "lines": lines, "differ": differences}
        )
    )


if __name__ == "__main__":
    main()
