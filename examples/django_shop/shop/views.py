"""An order and its jobs are stored together, or not at all."""

import json

from django.db import connection, transaction
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from shop.models import Order
from shop.tasks import add_points, count_orders, send_receipt
from taskflowmq.contrib.django import app


class CardRefused(Exception):
    pass


@csrf_exempt
def place(request: HttpRequest) -> JsonResponse:
    asked = json.loads(request.body)
    try:
        with transaction.atomic():
            order = Order.objects.create(email=asked["email"], total=asked["total"])
            send_receipt.using(conn=connection).enqueue(order.pk)
            add_points.using(conn=connection).enqueue(order.pk)
            # For jobs that are stored elsewhere, or need not survive a crash between the commit and this:
            transaction.on_commit(count_orders.enqueue)
            if order.total > 1_000:
                raise CardRefused
    except CardRefused:
        return JsonResponse({"detail": "the card was refused"}, status=402)
    return JsonResponse({"order": order.pk}, status=201)


def show(request: HttpRequest, order_id: int) -> JsonResponse:
    order = Order.objects.filter(pk=order_id).values("email", "total", "receipt", "loyalty").first()
    return JsonResponse(order or {}, status=200 if order else 404)


def jobs(request: HttpRequest) -> JsonResponse:
    return JsonResponse(app.jobs.stats().states)
