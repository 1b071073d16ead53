"""What is decided of coming appointments: whom to ask what, and what has to be settled before the visit. Pure."""
