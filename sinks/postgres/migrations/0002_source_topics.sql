-- Which topic, by the broker's own id, each position and its rows are of: one made anew under the name has another.
create table sink_topic (
    topic text primary key, topic_id text not null
);
