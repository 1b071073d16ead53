"""One file a version of the store, never changed once released."""
