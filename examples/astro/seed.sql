insert into posts (title, published) values ('Hello from Astro', true), ('A draft', false);
