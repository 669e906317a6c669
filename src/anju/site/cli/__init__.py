"""The command line: `./anju VERB`."""
