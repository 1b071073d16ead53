"""Past visits through two rulebooks: what would change, and by how many dollars."""
