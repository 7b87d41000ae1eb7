"""What watches over child processes from outside, and replaces them."""
