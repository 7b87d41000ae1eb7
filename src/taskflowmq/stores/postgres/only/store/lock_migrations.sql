-- Lets one program migrate at a time; only migrations wait. Ends with the transaction, so it is safe behind a pooler.
-- Only a role that may change the whole table can take this lock; any role that may connect can keep an advisory lock.
LOCK TABLE taskflow.store IN SHARE UPDATE EXCLUSIVE MODE
