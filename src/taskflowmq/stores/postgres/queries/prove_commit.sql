-- Locks one row for an instant: proves that the database can write and commit, and says which store it is.
SELECT identity::text FROM taskflow.store WHERE id = 1 FOR KEY SHARE
