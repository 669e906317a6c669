"""Which address leads where."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from django.views.i18n import set_language

from anju.site.api import api

urlpatterns = [
    path("api/v1/", api.urls),
    path("_allauth/", include("allauth.headless.urls")),
    path("console", RedirectView.as_view(pattern_name="admin:index")),
    path("console/account/", include("anju.console.account")),
    path("console/language/", set_language, name="set_language"),
    path("console/", admin.site.urls),
]
