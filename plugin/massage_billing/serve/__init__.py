"""The service: asked for a job over HTTP, or by its own schedule, it does what the command line does. One process."""
