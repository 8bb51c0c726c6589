"""ZCHSound: heart sounds of children with and without congenital heart disease, a clean and a noisy part."""
