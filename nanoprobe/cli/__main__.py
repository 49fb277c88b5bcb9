"""`python -m nanoprobe.cli`: the command line where its script is not on the path."""

from nanoprobe.cli.app import main

main()
