"""What the risk rules have said of one's own movements, and objecting to it."""

from datetime import datetime
from uuid import UUID

from django.http import HttpRequest
from ninja import Field, Router, Schema

from anju.people.limits import Each
from anju.people.models import person_of
from anju.risk import actions
from anju.risk.judging import told
from anju.risk.models import Appeal, Outcome, Verdict

router = Router(tags=["risk"])
PAGE = 50


class RiskVerdictOut(Schema):
    """kind: of movement, as the wallet names it. amount: fen. reasons: sentences. answer: what staff said to the appeal."""

    id: UUID
    kind: str
    amount: int
    outcome: Outcome
    reasons: list[str]
    at: datetime
    appeal: Appeal
    answer: str
    lifted_until: datetime | None

    @staticmethod
    def of(one: Verdict) -> "RiskVerdictOut":
        return RiskVerdictOut(
            id=one.pk, kind=one.kind, amount=one.amount, outcome=Outcome(one.outcome),
            reasons=[told(reason) for reason in one.reasons], at=one.at, appeal=Appeal(one.appeal), answer=one.answer,
            lifted_until=one.lifted_until,
        )  # fmt: skip


class PleaIn(Schema):
    plea: str = Field(max_length=600)


@router.get("/risk/verdicts", response=list[RiskVerdictOut])
def verdicts(request: HttpRequest) -> list[RiskVerdictOut]:
    """One's own, newest first."""
    rows = Verdict.objects.filter(person=person_of(request.user).pk).order_by("-at")
    return [RiskVerdictOut.of(one) for one in rows[:PAGE]]


@router.post("/risk/verdicts/{verdict}/appeal", response=RiskVerdictOut, throttle=Each("appeal", 5))
def appeal(request: HttpRequest, verdict: UUID, data: PleaIn) -> RiskVerdictOut:
    return RiskVerdictOut.of(actions.appeal(person_of(request.user), verdict, data.plea))
