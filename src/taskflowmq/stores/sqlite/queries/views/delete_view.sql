-- Deletes a view.
DELETE FROM taskflow_saved_view WHERE tenant = :tenant AND id = :id
