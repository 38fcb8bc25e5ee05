"""Cloudflare's API, as far as Hyperdrive's configurations go."""
