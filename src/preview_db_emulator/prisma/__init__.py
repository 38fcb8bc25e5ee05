"""The stand-in for the Prisma Management API."""
