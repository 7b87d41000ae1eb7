-- An engine without JSON functions refuses this.
SELECT json_array(1)
