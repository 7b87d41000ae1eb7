-- Deletes counts of ready jobs: those older than the history is kept, and those within an hour that is kept as a whole.
DELETE FROM taskflow_backlog WHERE minute < :until OR (minute < :hours_until AND minute % 3600000000 <> 0)
