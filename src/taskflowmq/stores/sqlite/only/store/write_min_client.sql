-- A finishing step has been applied: older programs do not survive it and must not open the store any more.
UPDATE taskflow_store SET min_client = max(min_client, :version) WHERE id = 1
