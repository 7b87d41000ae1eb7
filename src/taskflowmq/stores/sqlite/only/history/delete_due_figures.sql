-- Deletes the figures that read_due_figures has read in this transaction.
DELETE FROM taskflow_stat
WHERE span IN (SELECT value FROM json_each(:spans)) AND minute >= :since AND minute < :until
