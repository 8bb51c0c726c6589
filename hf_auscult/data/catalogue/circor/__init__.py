"""CirCor DigiScope 1.0.3: heart sounds of children, with murmur, outcome and S1/S2 segmentation."""
