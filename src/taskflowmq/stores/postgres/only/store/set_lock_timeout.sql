-- Limits how long this transaction waits for a lock. Whoever asks for a table's lock keeps everybody else waiting behind it,
-- and meanwhile holds the locks it has: two such waits must end within a second, then the migration steps back and tries again.
SELECT set_config('lock_timeout', '400ms', true)
