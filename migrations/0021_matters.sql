-- What others may read of the timeline, to say which matters stand behind a figure: codes, ids and times, never words.
CREATE VIEW act_facts AS SELECT matter, seq, move, from_state, at, unit, owner, data FROM acts;
CREATE VIEW clock_facts AS SELECT matter, stage, unit, due, stopped FROM clocks;
CREATE VIEW party_facts AS SELECT unit, matter FROM matter_parties;
