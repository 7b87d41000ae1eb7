-- Locks one row for an instant: proves that the database can write and commit.
SELECT schema_version FROM taskflow.store WHERE id = 1 FOR KEY SHARE
