"""What a visitor chose and may do: controls in the address, permissions, allowed paths, sign-in, lasting changes."""
