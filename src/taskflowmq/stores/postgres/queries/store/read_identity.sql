-- Reads the identity of the store.
SELECT identity::text FROM taskflow.store WHERE id = 1
