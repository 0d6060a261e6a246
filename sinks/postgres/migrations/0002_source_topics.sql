-- Which topic (without its prefix), by the broker's own id, the positions and rows are of: one made anew under the name,
-- or under another prefix, has another.
create table sink_topic (
    topic text primary key, topic_id text not null
);
