-- Reads how many transaction ids were given out since the oldest that is not frozen: at two thousand million PostgreSQL
-- refuses writes.
SELECT age(d.datfrozenxid)::bigint AS age FROM pg_database d WHERE d.datname = current_database()
