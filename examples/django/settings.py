"""Settings of a project of one app: all that matters here is DATABASES."""

import dj_database_url

DATABASES = {"default": dj_database_url.config(conn_max_age=60)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = ["shop"]
SECRET_KEY = "for previews only"  # noqa: S105 - nothing here signs anything
USE_TZ = True
