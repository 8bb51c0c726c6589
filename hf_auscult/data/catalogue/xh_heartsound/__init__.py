"""XHheartSound: unlabelled heart sounds of children. Private: read from the generic layout."""
