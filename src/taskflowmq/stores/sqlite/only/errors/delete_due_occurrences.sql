-- Deletes the failures that read_due_occurrences has read in this transaction.
DELETE FROM taskflow_error_stat
WHERE span IN (SELECT value FROM json_each(:spans)) AND minute >= :since AND minute < :until
