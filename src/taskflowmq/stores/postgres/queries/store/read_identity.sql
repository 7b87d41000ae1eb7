-- Reads what tells this store from every other.
SELECT identity::text FROM taskflow.store WHERE id = 1
