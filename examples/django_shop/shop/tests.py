# ruff: noqa: S101 - assert is what tests do
"""How a project tests code that enqueues: `python manage.py test`."""

from django.db import connection, transaction
from django.test import TestCase

from shop.models import Order
from shop.tasks import add_points, send_receipt
from taskflowmq.contrib.django.testing import TaskFlowMixin


class OrderTests(TaskFlowMixin, TestCase):
    def place(self, total):
        return self.client.post("/orders", {"email": "ada@example.org", "total": total}, "application/json")

    def test_an_order_asks_for_its_receipt(self):
        assert self.place(30).status_code == 201
        self.assert_enqueued(send_receipt, args={"order_id": Order.objects.get().pk})

    def test_a_refused_order_leaves_no_job(self):
        assert self.place(3_000).status_code == 402
        self.refute_enqueued(send_receipt)

    def test_the_jobs_of_an_order_run(self):
        with self.captureOnCommitCallbacks(execute=True):
            self.place(30)
        assert self.drain() == 3
        order = Order.objects.get()
        assert (order.receipt, order.loyalty) == ("To ada@example.org: thank you for 30", 3)

    def test_a_handler_is_a_function(self):
        order = Order.objects.create(email="ada@example.org", total=30)
        assert "thank you" in send_receipt(order.pk)

    def test_an_inner_rollback_takes_its_jobs_with_it(self):
        with transaction.atomic():
            add_points.using(conn=connection).enqueue(1)
            self.assert_enqueued(add_points)
            transaction.set_rollback(True)
        self.refute_enqueued(add_points)
