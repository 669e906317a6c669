"""Which address leads where."""

from django.contrib import admin
from django.urls import include, path

from anju.site.api import api

urlpatterns = [
    path("api/v1/", api.urls),
    path("_allauth/", include("allauth.headless.urls")),
    path("console/account/", include("allauth.urls")),
    path("console/", admin.site.urls),
]
