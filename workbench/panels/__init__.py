"""What is on screen and what a click does: state without widgets, and the widgets bound to it."""
