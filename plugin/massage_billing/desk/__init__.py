"""What pages of the workbench show, as frozen values: no HTML, no request. Each module answers one page's question."""
