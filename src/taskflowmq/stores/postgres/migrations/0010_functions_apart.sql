-- Functions are files of their own from here on (functions/), replaced when their text differs from what the store has. Of each it
-- keeps a checksum. The functions that earlier migrations made are replaced by the same files. From this version on a notification
-- carries the number of a queue, not its name: every role that may connect can listen, whatever it may read.
ALTER TABLE taskflow.store ADD COLUMN functions json NOT NULL DEFAULT '{}';

UPDATE taskflow.store SET schema_version = 10;

-- functions: dbfad061fe6fd775
