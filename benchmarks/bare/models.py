"""A person's messages as any app would keep them."""

from uuid import uuid4

from django.conf import settings
from django.db import models


class Notice(models.Model):
    """As anju.notices.models.Notice, in plain text."""

    id = models.UUIDField(primary_key=True, default=uuid4)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    kind = models.CharField(max_length=10)
    title = models.TextField()
    body = models.TextField()
    at = models.DateTimeField(auto_now_add=True)
    read_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["person", "-id"])]
