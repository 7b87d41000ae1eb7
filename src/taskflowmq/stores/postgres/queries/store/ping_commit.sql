-- Proves that the database can commit, by a write that changes nothing that is read.
-- It locks one row for an instant, and returns the identity of the store.
SELECT identity::text FROM taskflow.store WHERE id = 1 FOR KEY SHARE
