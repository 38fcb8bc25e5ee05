"""Cloudflare: Hyperdrive's configurations."""
