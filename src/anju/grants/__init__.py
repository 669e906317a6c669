"""The rules of the door: pure, shared by the platform and the gates."""
