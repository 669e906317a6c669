"""`./anju manage verify_proof FILE`: whether a proof of consent is ours, byte for byte."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from anju.policies import proofs
from anju.privacy.refusals import Refused


class Command(BaseCommand):
    help = "Verify a proof of consent that somebody brings."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *arguments: Any, file: Path, **options: Any) -> None:  # Any: Django's own
        del arguments, options
        try:
            proof = proofs.verify(file.read_bytes())
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}") from error
        except Refused as refused:
            raise CommandError(str(refused.message)) from refused
        self.stdout.write(f"✓ {proof['subject']} · {len(proof['acts'])} · {proof['issued_at']}")
