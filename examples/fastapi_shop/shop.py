"""A shop: an order and the job that sends its receipt are stored together, or not at all."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from taskflowmq import TaskFlow
from taskflowmq.contrib.fastapi import JobSender, TaskFlowApp, lifespan, sender_on

DATABASE_URL = os.environ.get("DATABASE_URL", "sqlite:///shop.db")
DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}

app = TaskFlow(DATABASE_URL)
scheme, _, address = DATABASE_URL.partition("://")
engine = create_async_engine(f"{DRIVERS[scheme]}://{address}")
new_session = async_sessionmaker(engine, expire_on_commit=False)


class Base(DeclarativeBase):
    """The tables of the shop."""


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str]
    total: Mapped[int]
    receipt: Mapped[str | None]


@app.task(queue="mail", timeout=30)
async def send_receipt(order_id: int) -> str:
    async with new_session() as session, session.begin():
        order = await session.get_one(Order, order_id)
        order.receipt = f"To {order.email}: thank you for {order.total}"
        return order.receipt


@asynccontextmanager
async def tables(api: FastAPI) -> AsyncIterator[None]:
    async with engine.begin() as conn:
        await conn.run_sync(Base.metadata.create_all)
    yield
    await engine.dispose()


# WORKER=1 runs the jobs in this process, too; without it start `taskflow worker shop:app`.
api = FastAPI(lifespan=lifespan(app, inner=tables, worker=os.environ.get("WORKER") == "1"))


async def get_session() -> AsyncIterator[AsyncSession]:
    async with new_session() as session:  # what is not committed is rolled back
        yield session


Session = Annotated[AsyncSession, Depends(get_session)]
Jobs = Annotated[JobSender, Depends(sender_on(get_session))]


class NewOrder(BaseModel):
    email: str
    total: int


@api.post("/orders", status_code=201)
async def place(new: NewOrder, session: Session, jobs: Jobs) -> dict[str, str]:
    order = Order(email=new.email, total=new.total)
    session.add(order)
    await session.flush()
    job = await jobs.aenqueue(send_receipt, order.id)
    if new.total > 1_000:
        raise HTTPException(402, "the card was refused")  # neither order nor job
    await session.commit()  # before the answer: a 201 must not be followed by a rollback
    return {"order": str(order.id), "job": str(job.id)}


@api.get("/orders/{order_id}")
async def show(order_id: int, session: Session) -> dict[str, str | int | None]:
    order = await session.get(Order, order_id)
    if order is None:
        raise HTTPException(404, "no such order")
    return {"email": order.email, "total": order.total, "receipt": order.receipt}


@api.get("/jobs")
async def jobs_by_state(taskflow: TaskFlowApp) -> dict[str, int]:
    return (await taskflow.jobs.astats()).states
