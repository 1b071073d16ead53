"""``python -m massage_billing`` is the ``massage-billing`` command."""

from massage_billing.cli.main import main

main()
