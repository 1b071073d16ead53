"""What guarded.py is made of: whose turn it is, and which payer is left alone for a while. Pure."""
