"""`python -m probe` is the command `tierwatch`."""

from probe.commands import main

if __name__ == "__main__":
    main()
