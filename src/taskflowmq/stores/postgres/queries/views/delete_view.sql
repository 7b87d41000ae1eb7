-- Deletes a view.
DELETE FROM taskflow.saved_view WHERE tenant = $1::text AND id = $2::uuid
