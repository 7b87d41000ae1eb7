-- Records that a finishing step was applied: older programs do not survive it and must no longer open the store.
UPDATE taskflow_store SET min_client = max(min_client, :version) WHERE id = 1
