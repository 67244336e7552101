"""The accounts server: grants, tokens, throttling."""
