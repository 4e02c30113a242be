"""`python -m farhost`: the same as `farhost`."""

from farhost.cli.main import main

if __name__ == "__main__":
    main()
