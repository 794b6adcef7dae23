"""Command: ``kquant palette``, palette files shown, converted and compared."""
