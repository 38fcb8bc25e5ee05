insert into posts (title, published) values ('Hello from psql', true);
select title from posts where published;
