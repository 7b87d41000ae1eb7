-- Proves that the database can commit, by a write that changes nothing that anybody reads.
-- It locks one row for an instant, and says which store it is.
SELECT identity::text FROM taskflow.store WHERE id = 1 FOR KEY SHARE
