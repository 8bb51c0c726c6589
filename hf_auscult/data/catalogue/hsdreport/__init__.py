"""HSDReport: heart sounds of children with echocardiography reports. Private: read from the generic layout."""
