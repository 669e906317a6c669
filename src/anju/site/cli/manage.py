"""./anju manage: Django's own commands, with the database running."""

import sys

from django.core.management import execute_from_command_line


def main(arguments: list[str]) -> int:
    execute_from_command_line([sys.argv[0], *arguments])
    return 0
