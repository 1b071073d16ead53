"""The workbench's pages: routes, templates, static files. What they show is made in ``desk/``."""
