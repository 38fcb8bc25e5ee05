"""What the README claims of reliability, tried until it breaks: short in `make test`, long in `make torture`."""
