"""Claims on their way to a payer: chosen, put into a file, remembered in the ledger. Nothing here transmits."""
