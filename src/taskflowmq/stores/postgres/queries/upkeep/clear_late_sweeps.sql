-- Ends a sequence of late sweeps: the next late one is the first again.
UPDATE taskflow.duty SET ran_at = NULL WHERE name = 'grace'
