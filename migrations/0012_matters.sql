-- A committee's matters in the order of their ids: what a hand-over walks along when a committee ends or moves.
CREATE INDEX matters_committee ON matters (committee, id);
