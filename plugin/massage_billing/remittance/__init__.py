"""What became of a claim: acknowledgements, remittances, corrections, denials."""
