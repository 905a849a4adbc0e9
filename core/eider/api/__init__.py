"""The public face: the façade, where its requests go, and what hosts build on."""
