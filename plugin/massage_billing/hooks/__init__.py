"""What an EHR calls: CDS services that say before booking and at the end of a visit what would hold its claim, and a
receiver of notices that a visit has ended. Nothing that a caller sends is believed beyond what it is asked for.
"""
