"""What tests and demos use to act as a user, plant faults and read what happened."""
