-- Reads a value that changes with every commit: the position in the WAL of the last record that was inserted, or on a
-- replica that was replayed.
SELECT (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END)::text
