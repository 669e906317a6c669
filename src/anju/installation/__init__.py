"""This installation: where it lies, its secrets, its ports. The lowest room: it imports nothing of ours."""
