-- Lets one program migrate at a time, and nobody wait but migrations; ends with the transaction, so it is safe behind a pooler.
-- Only a role that may change the whole table can lock it so; an advisory lock can be kept by any role that may connect.
LOCK TABLE taskflow.store IN SHARE UPDATE EXCLUSIVE MODE
