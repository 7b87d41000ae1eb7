-- Lets one program migrate at a time; ends with the transaction, so it is safe behind a pooler.
SELECT pg_advisory_xact_lock(8323362117293), set_config('lock_timeout', '5s', true)
