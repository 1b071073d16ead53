"""The routes of each page: ``routes(site)`` gives them. Handlers are plain functions: each runs in a thread."""
