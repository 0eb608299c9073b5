"""One paper a file, readable from top to bottom: its networks and the game they play."""
