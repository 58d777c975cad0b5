"""From a version of the code to the machine that runs it."""
