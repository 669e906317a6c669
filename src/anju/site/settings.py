"""Django's settings: working defaults, changed through the environment."""

import os
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from anju.console.look import UNFOLD  # noqa: F401  read by unfold
from anju.installation.keyring import secret
from anju.installation.paths import REPO, VAR
from anju.installation.ports import FRONT
from anju.site import postgres

HERE = Path(__file__).resolve().parent
ORIGIN = os.environ.get("ANJU_ORIGIN", f"http://localhost:{FRONT}")
"""How people reach this installation."""
HTTPS = ORIGIN.startswith("https://")

DEBUG = False
SECRET_KEY = secret("django").hex()
ALLOWED_HOSTS = [
    "localhost",
    "127.0.0.1",
    "[::1]",
    "testserver",
    *([urlsplit(ORIGIN).hostname] if urlsplit(ORIGIN).hostname else []),
]
CSRF_TRUSTED_ORIGINS = [ORIGIN]

INSTALLED_APPS = [
    "anju.console.apps.ConsoleConfig",  # first: its templates stand before unfold's and allauth's
    "unfold.apps.BasicAppConfig",  # its default one would put a site of its own in place of ours
    "unfold.contrib.filters",
    "unfold.contrib.import_export",
    "import_export",
    "anju.console.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "pgtrigger",
    "allauth",
    "allauth.account",
    "allauth.headless",
    "allauth.mfa",
    "allauth.usersessions",
    "procrastinate.contrib.django",
    "anju.privacy",
    "anju.partners",
    "anju.people",
    "anju.notices",
    "anju.homes",
    "anju.ledger",
    "anju.payments",
    "anju.risk",
    "anju.wallet",
    "anju.packets",
    "anju.access",
    "anju.visitors",
    "anju.cards",
    "anju.vehicles",
    "anju.lifts",
    "anju.intercom",
    "anju.sip",
    "anju.billing",
    "anju.utilities",
    "anju.rentals",
    "anju.fleet",
    "anju.terminals",
    "anju.policies",
    "anju.rights",
    "anju.oversight",
    "anju.incidents",
    "anju.assessments",
]
MIDDLEWARE = [
    "anju.privacy.middleware.ScopeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "anju.privacy.middleware.PersonMiddleware",
    "anju.people.middleware.DeviceMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "anju.console.middleware.StaffMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "anju.site.urls"
WSGI_APPLICATION = "anju.site.wsgi.application"
APPEND_SLASH = False
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [HERE / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# --- database ---------------------------------------------------------------------------------------------------------


def _database(url: str) -> dict[str, object]:
    parts = urlsplit(url)
    options: dict[str, object] = {"connect_timeout": 5, "application_name": "anju"}
    if os.environ.get("ANJU_DATABASE_PREPARES"):  # a process that asks a few things over and over
        options |= {"server_side_binding": True, "prepare_threshold": 2}
    return {
        "ENGINE": "anju.privacy.postgresql",
        "HOST": parts.hostname or "",
        "PORT": parts.port or 5432,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "NAME": parts.path.lstrip("/"),
        "CONN_MAX_AGE": None,
        "OPTIONS": options,
    }


# Migrations run as the tables' owner; everything else as a role that row-level security binds.
_url = postgres.owner_url() if os.environ.get("ANJU_DATABASE_ROLE") == "owner" else postgres.app_url()
DATABASES = {"default": _database(_url)}
DATABASE_APP_ROLE = unquote(urlsplit(postgres.app_url()).username or "")
"""The role that row-level security binds; migrations give it its rights."""
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "anju_cache",
        "KEY_FUNCTION": "anju.people.adapters.cache_key",
    },
    # For what one process counts for itself: limits that protect its own threads cost no query.
    "process": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 10_000}},
}

# --- accounts ---------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "people.Person"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
ACCOUNT_ADAPTER = "anju.people.adapters.AccountAdapter"
ACCOUNT_SIGNUP_FORM_CLASS = "anju.people.signup.AgreementForm"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_USER_MODEL_EMAIL_FIELD = None
ACCOUNT_LOGIN_METHODS = {"phone"}
ACCOUNT_SIGNUP_FIELDS = ["phone*", "password1"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 300
ACCOUNT_LOGIN_BY_CODE_MAX_ATTEMPTS = 5
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_PHONE_VERIFICATION_ENABLED = True
ACCOUNT_PHONE_VERIFICATION_TIMEOUT = 300
ACCOUNT_PHONE_VERIFICATION_MAX_ATTEMPTS = 5
ACCOUNT_PHONE_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_PREVENT_ENUMERATION = True
# A whole building may share one address behind its carrier: the limit per phone is what counts.
ACCOUNT_RATE_LIMITS = {
    "verify_phone": "1/30s/key,30/m/ip",
    "signup": "40/m/ip",
    "request_login_code": "40/m/ip,3/m/key",
}
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_REDIRECT_URL = "/console/"
LOGIN_REDIRECT_URL = "/console/"
LOGIN_URL = reverse_lazy("account_login")
ALLAUTH_TRUSTED_PROXY_COUNT = 1
MFA_ADAPTER = "anju.people.adapters.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "安居 Anju"
MFA_ALLOW_UNVERIFIED_EMAIL = True
# Passkeys over plain http exist only on localhost, where browsers treat it as secure.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS
HEADLESS_CLIENTS = ("app", "browser")
HEADLESS_SERVE_SPECIFICATION = False
USERSESSIONS_TRACK_ACTIVITY = False
USERSESSIONS_ADAPTER = "anju.people.adapters.SessionsAdapter"

SESSION_SERIALIZER = "anju.people.sessions.SealedSerializer"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_NAME = "anju_session"
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"

# How many values a duty may read in full a day; more by break-glass, one person at a time. ANJU_UNMASKS_A_DAY="front_desk=200 …"
UNMASKS_A_DAY = {"reviewer": 60, "manager": 30, "front_desk": 30} | {
    duty: int(count) for duty, count in (one.split("=") for one in os.environ.get("ANJU_UNMASKS_A_DAY", "").split())
}

# --- language, time, files ------------------------------------------------------------------------------------------

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("简体中文")), ("en", _("英文"))]
LOCALE_PATHS = [HERE / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"
STATIC_URL = "/static/"
STATIC_ROOT = VAR / "static"
STATICFILES_DIRS = [HERE / "static"]
WHITENOISE_USE_FINDERS = False
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 26 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 26 * 1024 * 1024  # photographs are judged in memory and never touch the disk
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    # No request line, parameter or body is logged: they may hold what a person typed.
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {name: {"level": "WARNING"} for name in ("django.db.backends", "httpx", "procrastinate")},
}

IMPORT_EXPORT_USE_TRANSACTIONS = True
GATE_NATS_ADDRESSES = os.environ.get("ANJU_GATE_NATS", "").split() or None
"""Where gates find the bus; None: the embedded one on loopback."""
TURN_URLS = os.environ.get("ANJU_TURN_URLS", "").split()
TURN_SECRET = os.environ.get("ANJU_TURN_SECRET") or secret("turn").hex()
"""Where calls are relayed when two devices do not reach each other, and the secret shared with that server; no address: the one of
`./anju sip up` while it runs, else direct ways only."""
BASE_DIR = REPO

# --- the privacy documents --------------------------------------------------------------------------------------------

CONTROLLER = os.environ.get("ANJU_CONTROLLER") or _("本平台的运营方")
"""Who answers for the personal data of this installation: its full name."""
PRIVACY_CONTACT = os.environ.get("ANJU_PRIVACY_CONTACT") or _("小区物业服务中心")
"""How people reach whoever looks after personal data there: an address, a phone number, an e-mail address."""
POLICY_NOTICE = timedelta(days=int(os.environ.get("ANJU_POLICY_NOTICE_DAYS", "5")))
"""How long before a material change of the privacy documents people are told."""
CANCELLATION_UNDO_HOURS = float(os.environ.get("ANJU_CANCELLATION_UNDO_HOURS", "24"))
"""How long a person who asked for their account to be closed may think again."""
