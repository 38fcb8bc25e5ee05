"""Creates a post and lists all of them."""

from database import engine
from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    pass


class Post(Base):
    __tablename__ = "posts"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]


with Session(engine()) as session:
    session.add(Post(title="Hello from SQLAlchemy"))
    session.commit()
    print(*session.scalars(select(Post.title)))  # noqa: T201 - it is a program for a terminal
