-- Reads the checksums of the functions that the store has.
SELECT functions::text FROM taskflow.store WHERE id = 1
