-- When a program used a queue last: what has not been used for seven days and is empty is not listed and counts against no
-- limit. Its row and its lanes stay, because stored jobs and the memory of programs hold their numbers; a row is small, and
-- a claim's cost does not grow with idle lanes (ADR 7). Queues that exist count as used now, and so does one that an older
-- program or plain SQL makes.
ALTER TABLE taskflow.queue ADD COLUMN used_at timestamptz NOT NULL DEFAULT now();

UPDATE taskflow.store SET schema_version = 9;
