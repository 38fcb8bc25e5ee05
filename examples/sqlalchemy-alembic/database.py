"""The engine, by the string of the environment. SQLAlchemy wants the driver's name in the scheme."""

import os

from sqlalchemy import Engine, create_engine


def engine() -> Engine:
    return create_engine(os.environ["DATABASE_URL"].replace("postgres://", "postgresql+psycopg://", 1))
