-- What waits for somebody's verdict: few of all that somebody may have reported, and every page of theirs counts them.
CREATE INDEX matters_answered ON matters (reporter, id) WHERE state = 'answered' AND reporter IS NOT NULL;
