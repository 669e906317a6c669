"""`python -m anju.site.restored`: what has to happen to a database that was brought back, before anybody may use it.

Everybody who was erased since is erased again, every consent that was taken back since is taken back again, and every gate is
told anew, since its grants are newer than the ones brought back.
"""

import os
import shutil
import sys
import time
from uuid import UUID

import django


def forget_again() -> tuple[int, int]:
    """Replay the erasure ledger. Returns how many persons and how many consents it came to."""
    from anju.partners.purposes import ACCOUNT
    from anju.privacy import consent, erasure, ledger, scope
    from anju.privacy.models import Consent
    from anju.privacy.purposes import PURPOSES
    from anju.privacy.vault import vault

    entries = list(ledger.entries())
    everybody = {UUID(entry.subject) for entry in entries if entry.purpose == ledger.EVERYTHING}
    if known := [one for one in everybody if vault().knows(one)]:
        vault().erase(known)
    persons = consents = 0
    with scope.platform():
        for subject in everybody:
            if erasure.left_of(subject):
                consent.withdraw(subject, ACCOUNT)
                erasure.erase_person(subject)
                persons += 1
        for entry in entries:
            subject, purpose = UUID(entry.subject), PURPOSES.get(entry.purpose)
            if subject in everybody or purpose is None or Consent.objects.filter(pk=entry.act or subject).exists():
                continue
            consents += bool(consent.withdraw(subject, purpose).stopped)
    return persons, consents


def tell_gates_anew() -> int:
    """Every grant with a number above any that a gate can have seen. Returns how many."""
    from anju.access.models import Grant
    from anju.access.tasks import survey
    from anju.privacy import scope

    with scope.platform():
        count: int = Grant.objects.update(rev=int(time.time()), sent_rev=0, sequence=0)
    survey.defer(timestamp=int(time.time()))
    return count


def main() -> None:
    """Run as the app, on the restored database."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "anju.site.settings")
    django.setup()
    from anju.privacy.chain import HEADS

    if HEADS.exists():  # they are of a longer chain than the one brought back: kept, so that the cut can be shown
        shutil.move(HEADS, HEADS.with_name(f"heads-before-restore-{int(time.time())}.jsonl"))
    persons, consents = forget_again()
    grants = tell_gates_anew()
    sys.stdout.write(f"erased again: {persons} persons, {consents} consents; {grants} grants to be told anew\n")


if __name__ == "__main__":
    main()
