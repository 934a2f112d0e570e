"""Video between browser and server: connection, relay, encoder."""
