"""What the two X12 channels (core_x12.py, x12_folder.py) are made of: envelope, batch folder, whose answer is whose."""
