"""The PostgreSQL store (14–18) on asyncpg."""

from taskflowmq.stores.postgres.options import PostgresOptions
from taskflowmq.stores.postgres.store import PostgresStore

__all__ = ["PostgresOptions", "PostgresStore"]
