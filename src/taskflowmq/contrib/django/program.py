"""What the processes of a worker import: Django is set up, then the project's app is there."""

from __future__ import annotations

import django
from django.apps import apps

from taskflowmq.contrib.django.site import get_app

if not apps.ready:
    django.setup()

app = get_app()
