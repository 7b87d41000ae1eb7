-- Deletes groups of errors of a tenant by their fingerprints.
DELETE FROM taskflow_error_group WHERE tenant_id = :tenant_id AND fingerprint IN (SELECT value FROM json_each(:fingerprints))
