"""The command line: one file a subcommand, loaded only when it is called, so that ``--help`` stays fast."""
