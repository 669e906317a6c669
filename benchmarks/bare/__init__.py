"""The floor of the read bench: the same read on Django and ninja alone - one session cookie, no seals, no isolation."""
