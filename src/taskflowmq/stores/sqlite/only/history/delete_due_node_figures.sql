-- Deletes the figures by node that read_due_node_figures has read in this transaction.
DELETE FROM taskflow_node_stat
WHERE span IN (SELECT value FROM json_each(:spans)) AND minute >= :since AND minute < :until
