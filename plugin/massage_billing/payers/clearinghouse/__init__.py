"""What the clearinghouse channel (clearinghouse_json.py) is made of: mapping files, and reading and writing by them."""
