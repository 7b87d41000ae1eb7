-- Limits how long this transaction waits for a lock. All later statements wait behind a transaction that requests a
-- table's lock, which meanwhile holds its other locks: two such waits must end within a second, then the migration
-- rolls back and tries again.
SELECT set_config('lock_timeout', '400ms', true)
