"""Found by itself: the `tasks` module of every installed app."""

from shop.models import Order
from taskflowmq import task


@task(queue="mail", timeout=30)
def send_receipt(order_id: int) -> str:
    order = Order.objects.get(pk=order_id)
    order.receipt = f"To {order.email}: thank you for {order.total}"
    order.save(update_fields=["receipt"])
    return order.receipt


@task(timeout=30)
async def add_points(order_id: int) -> int:
    order = await Order.objects.aget(pk=order_id)
    order.loyalty = order.total // 10
    await order.asave(update_fields=["loyalty"])
    return order.loyalty


@task(process=True, timeout=60)
def count_orders() -> int:
    return Order.objects.count()
