"""What programs that use TaskFlow need in their own tests; nothing here runs in production."""
