-- Reads the time that statements of this moment would use.
SELECT (SELECT coalesce($1::timestamptz, clock_timestamp())) AS now
