-- Deletes counts of ready jobs: those older than the history is kept, and those within an hour that is kept as a whole.
DELETE FROM taskflow.backlog
WHERE minute < $1::timestamptz OR (minute < $2::timestamptz AND mod(extract(epoch FROM minute)::bigint, 3600) <> 0)
