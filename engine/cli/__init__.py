"""The command line: thin verbs that parse, call the service and print."""
