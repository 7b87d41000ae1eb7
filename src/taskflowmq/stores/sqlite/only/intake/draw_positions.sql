-- Draws :count positions for ready rows and returns the one after the last.
UPDATE taskflow_store SET next_seq = next_seq + :count WHERE id = 1 RETURNING next_seq
