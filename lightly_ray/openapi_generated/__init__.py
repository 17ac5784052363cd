"""An import path that users have in their code; the names live elsewhere and are only offered here."""
