"""What several families are built of; nothing in a family's folder is copied from here."""
