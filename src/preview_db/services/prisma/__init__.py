"""The Prisma Management API: client and wire models."""
