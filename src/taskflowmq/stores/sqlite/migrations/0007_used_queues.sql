-- When a program used a queue last: what has not been used for seven days and is empty is not listed and counts against no
-- limit. Its row and its lanes stay, because stored jobs and the memory of programs hold their numbers; a row is small, and
-- a claim's cost does not grow with idle lanes (ADR 7). Queues that exist count as used now. NULL: made by an older program,
-- and in use until a newer one says when.
ALTER TABLE taskflow_queue ADD COLUMN used_at INTEGER;
UPDATE taskflow_queue SET used_at = CAST(strftime('%s', 'now') AS INTEGER) * 1000000;
