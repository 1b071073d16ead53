"""The coding rules of a massage clinic, pure: one file answers one question that a biller asks."""
