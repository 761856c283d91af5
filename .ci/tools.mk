# The tools that the Makefile builds into .bin. A change here builds them again.
GOLANGCI_LINT := v2.15.0
GOTESTSUM := v1.13.0
GOVULNCHECK := v1.8.0
