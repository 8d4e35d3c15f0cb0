"""Own traffic: a user's production requests as free evidence, from the recorder, from LiteLLM and from gateways' logs."""
