-- Lets one program migrate at a time; ends with the transaction, so it is safe behind a pooler. Whoever asks for a table's
-- lock keeps everybody else waiting behind it, and meanwhile holds the locks it has: two such waits must end within a
-- second, then the migration steps back and tries again.
-- The time-out comes first: any role may take this lock, and must not stop a migration for ever.
SELECT set_config('lock_timeout', '400ms', true), pg_advisory_xact_lock(8323362117293)
