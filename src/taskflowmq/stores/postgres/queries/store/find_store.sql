-- Tells whether the store's tables exist.
SELECT to_regclass('taskflow.store') IS NOT NULL AS present
