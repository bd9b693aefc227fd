-- What everybody may see in a town, newest first: few among many, so an index of their own.
CREATE INDEX matters_u2_root_new ON matters (u2, id DESC) WHERE audience = u1;
