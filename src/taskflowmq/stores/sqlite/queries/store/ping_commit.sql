-- Proves that the database can commit, by a write that changes nothing that is read.
-- It draws a position that is not used: writing an unchanged value would not reach the disk.
UPDATE taskflow_store SET next_seq = next_seq + 1 WHERE id = 1
